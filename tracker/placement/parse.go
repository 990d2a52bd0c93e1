package placement

import (
	"errors"
	"fmt"

	"sigs.k8s.io/yaml"
)

const (
	// MaxPolicies bounds a file of policies.
	MaxPolicies = 1000
	maxFile     = 1 << 20 // bytes
)

// ParsePolicies reads a file, YAML or JSON, whose only key is "policies". It
// refuses keys that don't exist, and policies that are not valid.
func ParsePolicies(data []byte) ([]Policy, error) {
	if len(data) > maxFile {
		return nil, fmt.Errorf("policies: more than %d bytes", maxFile)
	}
	var file struct {
		Policies []Policy `json:"policies"`
	}
	if err := yaml.UnmarshalStrict(data, &file); err != nil {
		return nil, fmt.Errorf("policies: %w", err)
	}
	if len(file.Policies) > MaxPolicies {
		return nil, fmt.Errorf("policies: more than %d", MaxPolicies)
	}
	return file.Policies, validateAll(file.Policies)
}

func validateAll(policies []Policy) error {
	var wrong []error
	seen := map[string]bool{}
	for i := range policies {
		p := &policies[i]
		if err := p.Validate(); err != nil {
			wrong = append(wrong, fmt.Errorf("policy %q: %w", p.Name, err))
		}
		if seen[p.Name] {
			wrong = append(wrong, fmt.Errorf("policy %q: is there twice", p.Name))
		}
		seen[p.Name] = true
	}
	return errors.Join(wrong...)
}
