package metrics

import (
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/grafana/grafana-foundation-sdk/go/cog/plugins"
	grafana "github.com/grafana/grafana-foundation-sdk/go/dashboard"
)

// Grafana's own types read the dashboard. What they do not know is not there when
// they write it again, and would be ignored by Grafana, too.
func TestGrafanaKnowsEveryFieldOfTheDashboard(t *testing.T) {
	plugins.RegisterDefaultPlugins()
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var ours, theirs any
	if err := json.Unmarshal(text, &ours); err != nil {
		t.Fatal(err)
	}
	var typed grafana.Dashboard
	convert(t, filled(ours), &typed)
	convert(t, typed, &theirs)
	for _, lost := range missing("", ours, theirs) {
		if !strings.Contains(lost, ".definition is ") { // Grafana writes it into a query's variable, later than these types
			t.Error(lost)
		}
	}
}

// convert goes from one form to another by JSON.
func convert(t *testing.T, from, to any) {
	t.Helper()
	text, err := json.Marshal(from)
	if err == nil {
		err = json.Unmarshal(text, to)
	}
	if err != nil {
		t.Fatalf("it is no dashboard of Grafana's: %v", err)
	}
}

// filled is a JSON value without its empty objects: Grafana fills a variable's
// "current" in, and its types for Go can't hold one with nothing in it.
func filled(value any) any {
	fields, ok := value.(map[string]any)
	for key, v := range fields {
		if inner, ok := v.(map[string]any); ok && len(inner) == 0 {
			delete(fields, key)
		} else {
			fields[key] = filled(v)
		}
	}
	if items, list := value.([]any); list && !ok {
		for i, v := range items {
			items[i] = filled(v)
		}
	}
	return value
}

// missing lists what is in one JSON value and not the same in another. What is
// empty may be left out.
func missing(at string, from, in any) (lost []string) {
	switch from := from.(type) {
	case map[string]any:
		fields, _ := in.(map[string]any)
		for key, value := range from {
			lost = append(lost, missing(at+"."+key, value, fields[key])...)
		}
	case []any:
		items, _ := in.([]any)
		for i, value := range from {
			var item any
			if i < len(items) {
				item = items[i]
			}
			lost = append(lost, missing(fmt.Sprintf("%s[%d]", at, i), value, item)...)
		}
	default:
		if empty := from == nil || reflect.ValueOf(from).IsZero(); !reflect.DeepEqual(from, in) && (in != nil || !empty) {
			lost = append(lost, fmt.Sprintf("%s is %v, and for Grafana %v", at, from, in))
		}
	}
	return lost
}
