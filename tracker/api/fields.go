package api

import (
	"strings"
	"unicode"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// maxImageName is the bound of an image's name in bytes. References have up to
// 255 for the repository, 128 for the tag and 71 for the digest; containerd
// takes other names as well.
const maxImageName = 1024

var (
	invalid = func(format string, args ...any) error {
		return trackerapi.Errorf(trackerapi.CodeInvalid, format, args...)
	}
	tooLarge = func(format string, args ...any) error {
		return trackerapi.Errorf(trackerapi.CodeTooLarge, format, args...)
	}
)

// checkName is for names of nodes, which go into logs.
func checkName(what, name string) error {
	switch {
	case name == "":
		return invalid("%s has no name", what)
	case len(name) > trackerapi.MaxName:
		return tooLarge("the name of %s has more than %d bytes", what, trackerapi.MaxName)
	case strings.ContainsFunc(name, unicode.IsControl):
		return invalid("the name of %s %q has control characters", what, name)
	}
	return nil
}

func checkImageName(name string) error {
	if name == "" {
		return invalid("an image has no name")
	}
	if len(name) > maxImageName {
		return tooLarge("image name %.64q has more than %d bytes", name, maxImageName)
	}
	return nil
}

func checkImageNames(names []string) error {
	for _, name := range names {
		if err := checkImageName(name); err != nil {
			return err
		}
	}
	return nil
}

func checkDigests(list []digest.Digest) error {
	for _, d := range list {
		if err := checkDigest(d); err != nil {
			return err
		}
	}
	return nil
}

// checkDigest does what Validate does, which for the usual kind takes longer
// than the lookup.
func checkDigest(d digest.Digest) error {
	if isSHA256(string(d)) {
		return nil
	}
	if err := d.Validate(); err != nil {
		return invalid("digest %.160q: %v", string(d), err)
	}
	return nil
}

func isSHA256(s string) bool {
	encoded, found := strings.CutPrefix(s, "sha256:")
	if !found || len(encoded) != 64 {
		return false
	}
	wrong := byte(0)
	for i := range len(encoded) { // without a branch for each: there are millions
		wrong |= notHex[encoded[i]]
	}
	return wrong == 0
}

// notHex is 0 for lower-case hexadecimal digits, and 1 for all other bytes.
var notHex = func() (values [256]byte) {
	for c := range values {
		if !strings.ContainsRune("0123456789abcdef", rune(c)) {
			values[c] = 1
		}
	}
	return values
}()
