package helm

import (
	"slices"
	"testing"

	apps "k8s.io/api/apps/v1"
)

// A Redis without a password refuses all but its own host, unless it is told not
// to: whatever image it is.
func TestTheBundledRedisAnswersTrackersWithAPasswordOrWithout(t *testing.T) {
	for secret, want := range map[string][]string{
		"":      {"--protected-mode", "no"},
		"login": {"--requirepass", "$(REDIS_PASSWORD)"},
	} {
		text, err := render(t, "--set", "redis.bundled.enabled=true", "--set", "redis.bundled.existingSecret="+secret)
		if err != nil {
			t.Fatal(err)
		}
		objects, err := decode(text)
		if err != nil {
			t.Fatal(err)
		}
		i := slices.IndexFunc(objects, func(o any) bool { _, is := o.(*apps.StatefulSet); return is })
		if i < 0 {
			t.Fatal("there is no StatefulSet")
		}
		args := objects[i].(*apps.StatefulSet).Spec.Template.Spec.Containers[0].Args
		if at := slices.Index(args, want[0]); at < 0 || !slices.Equal(args[at:], want) {
			t.Errorf("with the secret %q: %q", secret, args)
		}
	}
}
