package helm

import (
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	seeder "github.com/drayproject/dray/seeder/app"
	tracker "github.com/drayproject/dray/tracker/app"
)

// What the chart says itself, by its other values, is no setting, and a token
// has no place in a ConfigMap.
var (
	trackerOwned = []string{"listen", "admin-listen", "redis", "admin-token", "policies-file", "pull-secrets-dir"}
	seederOwned  = []string{
		"node-name", "trackers", "mirror-listen", "peer-listen", "advertise", "metrics-listen", "store", "embedded-root",
		"containerd-address", "containerd-namespace", "containerd-content-path", "containerd-config", "mirror-shielded",
	}
)

func TestTheSchemaKnowsEverySettingOfThePrograms(t *testing.T) {
	keep(t, "trackerSettings", definition(tracker.Default(), trackerOwned))
	keep(t, "seederSettings", definition(seeder.Default(), seederOwned))
}

func TestWrongValuesAreRefusedWithAReason(t *testing.T) {
	for name, test := range map[string]struct{ set, reason string }{
		"a misspelt key":             {"tracker.replica=3", "replica"},
		"a misspelt key on top":      {"traker.replicas=3", "traker"},
		"no tracker":                 {"tracker.replicas=0", "replicas"},
		"replicas in words":          {"tracker.replicas=three", "replicas"},
		"an unknown setting":         {"tracker.settings.heartbeet=1s", "heartbeet"},
		"a setting of a wrong type":  {"tracker.settings.max-conns=many", "max-conns"},
		"a setting of the other":     {"tracker.settings.upload-rate=1", "upload-rate"},
		"a setting that is a value":  {"seeder.settings.node-name=x", "node-name"},
		"a port that can't be":       {"seeder.ports.mirror=70000", "mirror"},
		"two folders in one":         {"seeder.containerd.certsPath=/etc/containerd/certs.d:/etc/docker/certs.d", "certsPath"},
		"a relative folder":          {"seeder.containerd.contentPath=var/lib", "contentPath"},
		"a registry with a path":     {"seeder.hosts.registries={ghcr.io/owner}", "registries"},
		"a Redis that is none":       {"redis.url=http://redis:6379", "url"},
		"a digest that is a tag":     {"seeder.image.digest=latest", "digest"},
		"a pull policy":              {"tracker.image.pullPolicy=Sometimes", "pullPolicy"},
		"a service type":             {"tracker.service.type=Headless", "type"},
		"an interval without a unit": {"monitoring.monitors.interval=30", "interval"},
		"text for a switch":          {"redis.bundled.enabled=maybe", "enabled"},
		"labels that are a list":     {"seeder.podLabels={a,b}", "podLabels"},
		"a policy without a name":    {"placement.policies[0].factor=2", "name"},
		"a pull secret with a path":  {"placement.pullSecrets={../etc}", "pullSecrets"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := render(t, "--set", test.set)
			if err == nil || !strings.Contains(err.Error(), test.reason) || !strings.Contains(err.Error(), "schema") {
				t.Errorf("--set %s: %v", test.set, err)
			}
		})
	}
}

// Helm reads every number as a float.
func TestNumbersArriveAsTheyAreWritten(t *testing.T) {
	out, err := render(t, "--set-json", `seeder.settings={"upload-rate": 125000000, "trace-ratio": 0.05}`)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`DRAY_UPLOAD_RATE: "125000000"`, `DRAY_TRACE_RATIO: "0.05"`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("there is no %s", want)
		}
	}
}

func TestTwoRedisesAreRefused(t *testing.T) {
	_, err := render(t, "--set", "redis.bundled.enabled=true,redis.url=redis://mine")
	if err == nil || !strings.Contains(err.Error(), "choose between") {
		t.Errorf("error %v", err)
	}
}

func TestTheChartsOwnValuesFitTheSchema(t *testing.T) {
	if _, err := render(t); err != nil {
		t.Error(err)
	}
}

// settings are the keys of a program's configuration.
func settings(cfg any) (keys []string) {
	for f := range reflect.TypeOf(cfg).Fields() {
		keys = append(keys, f.Tag.Get("mapstructure"))
	}
	return keys
}

// definition is the schema of a program's settings, but for those that the
// chart owns.
func definition(cfg any, owned []string) string {
	var lines []string
	for f := range reflect.TypeOf(cfg).Fields() {
		if key := f.Tag.Get("mapstructure"); !slices.Contains(owned, key) {
			lines = append(lines, fmt.Sprintf("        %q: {\"type\": %s}", key, jsonType(f.Type)))
		}
	}
	return "{\n      \"type\": \"object\",\n      \"additionalProperties\": false,\n      \"properties\": {\n" + strings.Join(lines, ",\n") + "\n      }\n    }"
}

// jsonType: a duration is text, and a list or a map may be.
func jsonType(t reflect.Type) string {
	switch {
	case t.Kind() == reflect.Bool:
		return `"boolean"`
	case t.Kind() == reflect.Slice:
		return `["array", "string"]`
	case t.Kind() == reflect.Map:
		return `["object", "string"]`
	case t == reflect.TypeFor[time.Duration](), t.Kind() == reflect.String:
		return `"string"`
	case t.Kind() == reflect.Float64:
		return `"number"`
	}
	return `"integer"`
}

// keep compares a definition of the schema with what it should be, and with
// -update replaces it.
func keep(t *testing.T, name, want string) {
	t.Helper()
	const file = chart + "/values.schema.json"
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	// It ends with the first brace at the depth of its name.
	was := regexp.MustCompile(`(?s)\n    "` + name + `": (\{.*?\n    \})`).FindSubmatchIndex(text)
	switch {
	case was == nil:
		t.Fatalf("%s has no %s", file, name)
	case string(text[was[2]:was[3]]) == want:
	case *update:
		if err := os.WriteFile(file, slices.Concat(text[:was[2]], []byte(want), text[was[3]:]), 0o644); err != nil {
			t.Fatal(err)
		}
	default:
		t.Errorf("%s in %s is not what the program has: go test ./deploy/helm -update\nin the program: %s", name, file, want)
	}
}

// Without a common memory nothing keeps two trackers from carrying out the same
// policy.
func TestPoliciesNeedARedisOrOneTracker(t *testing.T) {
	policy := []string{"--set-json", `placement.policies=[{"name":"base","images":["**"],"factor":2}]`}
	if _, err := render(t, append(policy, "--set", "tracker.replicas=2", "--set", "redis.bundled.enabled=false")...); err == nil || !strings.Contains(err.Error(), "without a Redis") {
		t.Errorf("two trackers without a Redis: %v", err)
	}
	for _, well := range [][]string{{"--set", "tracker.replicas=1", "--set", "redis.bundled.enabled=false"}, {"--set", "redis.bundled.enabled=true"}} {
		if _, err := render(t, append(policy, well...)...); err != nil {
			t.Errorf("%v: %v", well, err)
		}
	}
}
