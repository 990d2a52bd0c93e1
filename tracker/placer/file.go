package placer

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"slices"

	"github.com/drayproject/dray/tracker/placement"
)

const maxFile = 1 << 20 // bytes

// filed is what the file has.
type filed struct {
	text     []byte
	policies []placement.Policy
	fault    string // what is wrong with the file now; the policies are from before
}

func (f *filed) has(name string) bool {
	return slices.ContainsFunc(f.policies, func(p placement.Policy) bool { return p.Name == name })
}

func readFile(path string) (filed, error) {
	text, err := readText(path)
	if err != nil {
		return filed{}, fmt.Errorf("policies-file: %w", err)
	}
	policies, err := placement.ParsePolicies(text)
	if err != nil {
		return filed{}, fmt.Errorf("policies-file: %s: %w", path, err)
	}
	return filed{text: text, policies: policies}, nil
}

func readText(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // it was only read
	text, err := io.ReadAll(io.LimitReader(f, maxFile+1))
	if err == nil && len(text) > maxFile {
		err = fmt.Errorf("%s has more than %d bytes", path, maxFile)
	}
	return text, err
}

// reload reads the file again. One that is broken, or away, changes nothing: the
// policies stay as they were.
func (p *Placer) reload() {
	if p.File == "" {
		return
	}
	p.mu.Lock()
	before := p.file
	p.mu.Unlock()
	text, err := readText(p.File)
	if err == nil && bytes.Equal(text, before.text) && before.fault == "" {
		return
	}
	next := before
	if err == nil {
		next, err = readFile(p.File)
	}
	if err != nil {
		next = before
		next.fault = err.Error()
		if before.fault != next.fault {
			p.log.Warn("policies-file can't be used: the policies stay as they were", "error", err)
		}
	} else {
		p.log.Info("policies-file is read", "policies", len(next.policies))
	}
	p.mu.Lock()
	p.file = next
	p.mu.Unlock()
}
