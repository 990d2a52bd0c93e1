package placement

import (
	"errors"
	"regexp"
	"strings"
)

// patterns says which names are meant by a policy.
type patterns struct{ in, out []pattern }

type pattern struct {
	expr     *regexp.Regexp
	byDigest bool // it has an "@", and matches names that have one
}

// compile makes the patterns of a policy. With nothing to take in, all is taken
// in: a policy that has no pattern at all goes by use.
func compile(texts []string) (all patterns, err error) {
	for _, text := range texts {
		body, excluded := strings.CutPrefix(text, "!")
		one, err := compileOne(body)
		if err != nil {
			return patterns{}, err
		}
		if excluded {
			all.out = append(all.out, one)
		} else {
			all.in = append(all.in, one)
		}
	}
	if len(all.in) == 0 {
		all.in = []pattern{{expr: regexp.MustCompile(`.`)}}
	}
	return all, nil
}

// nameChars are those of image names, and wildcards.
var nameChars = regexp.MustCompile(`^[A-Za-z0-9._/:@+*?-]+$`)

// wildcards in the order in which they are to be looked for.
var wildcards = strings.NewReplacer(`\*\*`, `.*`, `\*`, `[^/]*`, `\?`, `[^/]`)

func compileOne(text string) (pattern, error) {
	switch {
	case text == "":
		return pattern{}, errors.New("is empty")
	case len(text) > maxName:
		return pattern{}, errors.New("is too long")
	case !nameChars.MatchString(text):
		return pattern{}, errors.New("has a character that is in no image's name, and no wildcard")
	case strings.Contains(text, "***"):
		return pattern{}, errors.New(`has "***", which means nothing`)
	case !strings.Contains(text, "/") && !strings.Contains(text, "**"):
		return pattern{}, errors.New(`matches no full name, which begins with the registry: "docker.io/library/redis:7"`)
	}
	expr, err := regexp.Compile(`^` + wildcards.Replace(regexp.QuoteMeta(text)) + `$`)
	return pattern{expr, strings.Contains(text, "@")}, err
}

// maxName bounds an image's name and a pattern, in bytes.
const maxName = 1024

// match says whether a name is meant. A name without "/" is one that containerd
// made up, like the "sha256:…" of an image's configuration.
func (p *patterns) match(name string) bool {
	return strings.Contains(name, "/") && anyMatch(p.in, name) && !anyMatch(p.out, name)
}

func anyMatch(all []pattern, name string) bool {
	byDigest := strings.Contains(name, "@")
	for _, p := range all {
		if p.byDigest == byDigest && p.expr.MatchString(name) {
			return true
		}
	}
	return false
}

// samples are names that the patterns match, one for each.
func samples(texts []string) (names []string) {
	for _, text := range texts {
		if !strings.HasPrefix(text, "!") {
			names = append(names, strings.NewReplacer("**", "a/b", "*", "a", "?", "a").Replace(text))
		}
	}
	return names
}
