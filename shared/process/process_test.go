package process

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/spf13/cobra"
)

type testConfig struct {
	Listen  string            `mapstructure:"listen" usage:"address"`
	Tries   int               `mapstructure:"tries" usage:"number"`
	Wait    time.Duration     `mapstructure:"wait-time" usage:"duration"`
	Peers   []string          `mapstructure:"peers" usage:"list"`
	Labels  map[string]string `mapstructure:"labels" usage:"map"`
	Verbose bool              `mapstructure:"verbose" usage:"switch"`
}

func read(t *testing.T, file string, args ...string) (testConfig, error) {
	t.Helper()
	cfg := testConfig{Listen: ":1", Tries: 3, Wait: time.Second, Peers: []string{"a"}}
	cmd := &cobra.Command{Use: "test", SilenceErrors: true, SilenceUsage: true}
	s := Bind(cmd, &cfg)
	var err error
	cmd.RunE = func(*cobra.Command, []string) error { return s.Read() }
	if file != "" {
		path := filepath.Join(t.TempDir(), "c.yaml")
		if err := os.WriteFile(path, []byte(file), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, "--config", path)
	}
	cmd.SetArgs(args)
	err = cmd.Execute()
	return cfg, err
}

func TestDefaultsStay(t *testing.T) {
	got, err := read(t, "")
	want := testConfig{Listen: ":1", Tries: 3, Wait: time.Second, Peers: []string{"a"}, Labels: map[string]string{}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestFlagsBeatEnvironmentBeatsFile(t *testing.T) {
	t.Setenv("DRAY_WAIT_TIME", "5s")
	t.Setenv("DRAY_TRIES", "5")
	t.Setenv("DRAY_PEERS", "x,y")
	t.Setenv("DRAY_LABELS", "disk=ssd,rack=7")
	got, err := read(t, "listen: ':9'\ntries: 9\nwait-time: 9s\n", "--tries=7", "--verbose")
	want := testConfig{
		Listen: ":9", Tries: 7, Wait: 5 * time.Second, Peers: []string{"x", "y"},
		Labels: map[string]string{"disk": "ssd", "rack": "7"}, Verbose: true,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Fatalf("got %+v, %v; want %+v", got, err, want)
	}
}

func TestMapsAndListsInTheFileAndOnTheCommandLine(t *testing.T) {
	got, err := read(t, "peers: [p, q]\nlabels: {a: b}\n")
	if err != nil || !reflect.DeepEqual(got.Peers, []string{"p", "q"}) || got.Labels["a"] != "b" {
		t.Fatalf("file: %+v, %v", got, err)
	}
	got, err = read(t, "", "--labels", "a=b,c=d", "--peers", "p,q")
	if err != nil || !reflect.DeepEqual(got.Peers, []string{"p", "q"}) || got.Labels["c"] != "d" {
		t.Fatalf("flags: %+v, %v", got, err)
	}
}

func TestWhatIsWrongIsNamed(t *testing.T) {
	for name, c := range map[string]struct {
		file string
		args []string
		want string
	}{
		"unknown key in the file": {file: "lisden: ':9'", want: "lisden"},
		"unknown flag":            {args: []string{"--lisden=:9"}, want: "lisden"},
		"not a duration":          {file: "wait-time: soon", want: "wait-time"},
		"not a number":            {file: "tries: many", want: "tries"},
		"not a file":              {args: []string{"--config=/nowhere.yaml"}, want: "nowhere"},
		"not YAML":                {file: "listen: [", want: "settings"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, c.file, c.args...)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v; want an error that names %q", err, c.want)
			}
		})
	}
}

type codedError int

func (c codedError) Error() string { return "coded" }
func (c codedError) ExitCode() int { return int(c) }

func TestErrorsMaySayWhatTheProcessEndsWith(t *testing.T) {
	for err, want := range map[error]int{errors.New("any"): 1, codedError(3): 3, fmt.Errorf("wrapped: %w", codedError(4)): 4} {
		if got := exitCode(err); got != want {
			t.Errorf("%v: %d; want %d", err, got, want)
		}
	}
}
