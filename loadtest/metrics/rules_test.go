package metrics

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/drayproject/dray/loadtest/testbed"
)

const (
	rulesFile  = "../../deploy/helm/dray/files/alerts.yaml"
	casesFile  = "../../deploy/alerts/alerts_test.yaml"
	dashboard  = "../../deploy/helm/dray/files/dashboard.json"
	operations = "../../docs/operations.md"
)

// rules is the file of rules, as far as the tests look at it.
type rules struct {
	Groups []group `json:"groups"`
}

type group struct {
	Name  string `json:"name"`
	Rules []rule `json:"rules"`
}

type rule struct {
	Record string `json:"record,omitempty"`
	Alert  string `json:"alert,omitempty"`
	Expr   string `json:"expr"`
}

func parse(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	if err == nil {
		err = yaml.Unmarshal(text, into)
	}
	if err != nil {
		t.Fatalf("%s: %v", file, err)
	}
}

func alerts(t *testing.T) (all []string) {
	t.Helper()
	var r rules
	parse(t, rulesFile, &r)
	for _, g := range r.Groups {
		for _, rule := range g.Rules {
			if rule.Alert != "" {
				all = append(all, rule.Alert)
			}
		}
	}
	if len(all) == 0 {
		t.Fatal("no alerts")
	}
	return all
}

// promtool runs the program; it belongs to Debian's package prometheus.
func promtool(t *testing.T, args ...string) {
	t.Helper()
	program := testbed.Tool("promtool")
	if _, err := exec.LookPath(program); err != nil {
		give := t.Skipf
		if os.Getenv("DRAY_TEST_REQUIRE") == "1" {
			give = t.Fatalf
		}
		give("THE RULES ARE NOT TESTED: need promtool; run loadtest/testbed/tools.sh test")
	}
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Errorf("promtool %v: %v\n%s", args, err, out)
	}
}

func TestPrometheusTakesTheRules(t *testing.T) { promtool(t, "check", "rules", rulesFile) }
func TestAlertsFireWhenTheyMust(t *testing.T)  { promtool(t, "test", "rules", casesFile) }

func TestEachAlertHasACaseInWhichItFiresAndOneInWhichItDoesNot(t *testing.T) {
	var cases struct {
		Tests []struct {
			Checks []struct {
				Alert    string `json:"alertname"`
				Expected []any  `json:"exp_alerts"`
			} `json:"alert_rule_test"`
		} `json:"tests"`
	}
	parse(t, casesFile, &cases)
	fires, quiet := map[string]bool{}, map[string]bool{}
	for _, test := range cases.Tests {
		for _, c := range test.Checks {
			fires[c.Alert] = fires[c.Alert] || len(c.Expected) > 0
			quiet[c.Alert] = quiet[c.Alert] || len(c.Expected) == 0
		}
	}
	for _, alert := range alerts(t) {
		if !fires[alert] || !quiet[alert] {
			t.Errorf("%s: fires in a case: %v, is quiet in a case: %v", alert, fires[alert], quiet[alert])
		}
	}
}

func TestOperationsTellsWhatEachAlertMeans(t *testing.T) {
	text, err := os.ReadFile(operations)
	if err != nil {
		t.Fatal(err)
	}
	var told []string
	for _, m := range regexp.MustCompile("(?m)^\\| `(Dray[A-Za-z]+)` \\|").FindAllStringSubmatch(string(text), -1) {
		told = append(told, m[1])
	}
	want := alerts(t)
	slices.Sort(told)
	slices.Sort(want)
	if !slices.Equal(told, want) {
		t.Errorf("operations.md tells of %v,\nthe rules have %v", told, want)
	}
}

func TestWhatRulesAndDashboardAskForExists(t *testing.T) {
	on := documented(t)
	for _, file := range []string{rulesFile, casesFile, dashboard, operations} {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		asked := names(string(text))
		if len(asked) == 0 {
			t.Errorf("%s asks for nothing", file)
		}
		for _, name := range asked {
			if _, ok := on[name]; !ok {
				t.Errorf("%s: there is no metric %s", file, name)
			}
		}
	}
}

// panel is one of the dashboard, as far as the test looks at it.
type panel struct {
	ID      int    `json:"id"`
	Type    string `json:"type"`
	Title   string `json:"title"`
	GridPos struct{ X, Y, W, H int }
	Targets []struct {
		Expr string `json:"expr"`
	} `json:"targets"`
}

func panels(t *testing.T) []panel {
	t.Helper()
	text, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	var d struct {
		Panels []panel `json:"panels"`
	}
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d.Panels
}

// Prometheus itself reads each query, with a value for each of Grafana's
// variables.
func TestPrometheusTakesTheDashboardsQueries(t *testing.T) {
	fill := strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h", "$namespace", ".*")
	var g group
	g.Name = "dashboard"
	for _, p := range panels(t) {
		if p.Type != "row" && len(p.Targets) == 0 {
			t.Errorf("%s shows nothing", p.Title)
		}
		for i, target := range p.Targets {
			g.Rules = append(g.Rules, rule{Record: fmt.Sprintf("panel:%d:%d", p.ID, i), Expr: fill.Replace(target.Expr)})
		}
	}
	text, err := yaml.Marshal(rules{Groups: []group{g}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "dashboard.yaml")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		t.Fatal(err)
	}
	promtool(t, "check", "rules", file)
}

func TestTheDashboardsPanelsDoNotOverlap(t *testing.T) {
	const width = 24
	taken, ids := map[[2]int]string{}, map[int]bool{}
	for _, p := range panels(t) {
		if ids[p.ID] {
			t.Errorf("two panels have the number %d", p.ID)
		}
		ids[p.ID] = true
		at := p.GridPos
		if at.X+at.W > width {
			t.Errorf("%s is beyond the edge", p.Title)
		}
		for x := at.X; x < at.X+at.W; x++ {
			for y := at.Y; y < at.Y+at.H; y++ {
				if other, ok := taken[[2]int{x, y}]; ok {
					t.Fatalf("%s lies over %s", p.Title, other)
				}
				taken[[2]int{x, y}] = p.Title
			}
		}
	}
}
