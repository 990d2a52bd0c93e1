package metrics

import (
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
)

const page = "../../docs/metrics.md"

// row is a metric as the page has it.
type row struct {
	kind   string
	labels []string
}

var (
	rows  = regexp.MustCompile("(?m)^\\| `(dray_[a-z_]+)` \\| ([a-z]+) \\|([^|]*)\\|")
	label = regexp.MustCompile("`([a-z]+)`")
)

func documented(t *testing.T) map[string]row {
	t.Helper()
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]row{}
	for _, m := range rows.FindAllStringSubmatch(string(text), -1) {
		if _, twice := all[m[1]]; twice {
			t.Errorf("%s is on the page twice", m[1])
		}
		r := row{kind: m[2]}
		for _, l := range label.FindAllStringSubmatch(m[3], -1) {
			r.labels = append(r.labels, l[1])
		}
		slices.Sort(r.labels)
		all[m[1]] = r
	}
	if len(all) == 0 {
		t.Fatal("the page has no table")
	}
	return all
}

func TestWhatIsServedIsOnThePage(t *testing.T) {
	have := served(t)
	on := documented(t)
	for name, family := range have {
		r, ok := on[name]
		if !ok {
			t.Errorf("%s is not on the page", name)
			continue
		}
		if kind := strings.ToLower(family.GetType().String()); kind != r.kind {
			t.Errorf("%s is a %s, on the page a %s", name, kind, r.kind)
		}
		if got := labels(family); !slices.Equal(got, r.labels) {
			t.Errorf("%s has the labels %v, on the page %v", name, got, r.labels)
		}
	}
	const most = 40 // of all; the others appear with what they count
	if len(have) < most {
		t.Errorf("only %d metrics were served", len(have))
	}
}

func labels(f *dto.MetricFamily) (names []string) {
	for _, l := range f.GetMetric()[0].GetLabel() {
		names = append(names, l.GetName())
	}
	slices.Sort(names)
	return names
}

// Counters of what does not happen in a test are not served there. What the
// source names and what the page names must be the same all the same.
func TestThePageHasWhatTheSourceNames(t *testing.T) {
	source, on := sourced(t), documented(t)
	for name := range source {
		if _, ok := on[name]; !ok {
			t.Errorf("%s is not on the page", name)
		}
	}
	for name := range on {
		if !source[name] {
			t.Errorf("%s is on the page, but nowhere else", name)
		}
	}
}

var (
	literal  = regexp.MustCompile(`"(dray_(?:tracker|seeder)_[a-z_]*[a-z])"`)
	composed = regexp.MustCompile(`\bgauge\("([a-z_]+)"`) // seeder/inventory puts its prefix before
)

func sourced(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, root := range []string{"../../tracker", "../../seeder"} {
		err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			for _, m := range literal.FindAllSubmatch(text, -1) {
				all[string(m[1])] = true
			}
			if strings.HasSuffix(path, "seeder/inventory/metrics.go") {
				for _, m := range composed.FindAllSubmatch(text, -1) {
					all["dray_seeder_inventory_"+string(m[1])] = true
				}
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// names are the metrics that a text speaks of, without the suffixes that
// histograms add.
func names(text string) []string {
	all := map[string]bool{}
	for _, name := range regexp.MustCompile(`\bdray_(?:tracker|seeder)_[a-z_]*[a-z]\b`).FindAllString(text, -1) {
		for _, suffix := range []string{"_bucket", "_sum", "_count"} {
			name = strings.TrimSuffix(name, suffix)
		}
		all[name] = true
	}
	return slices.Sorted(maps.Keys(all))
}
