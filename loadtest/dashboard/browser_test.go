package dashboard

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"github.com/drayproject/dray/loadtest/testbed"
)

// browser is a tab of a headless Chromium. The test fails when the page writes
// an error to the console, or asks another host for anything.
type browser struct {
	t    *testing.T
	ctx  context.Context
	host string

	mu   sync.Mutex
	seen []string // faults
}

// find is Chromium's path.
func find(t *testing.T) string {
	path := testbed.Tool("chromium")
	if _, err := exec.LookPath(path); err != nil {
		give := t.Skipf
		if os.Getenv("DRAY_TEST_REQUIRE") == "1" {
			give = t.Fatalf
		}
		give("BROWSER TESTS SKIPPED: need chromium; run loadtest/testbed/tools.sh test")
	}
	return path
}

func newBrowser(t *testing.T, host string) *browser {
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(find(t)), chromedp.NoSandbox,
		chromedp.WindowSize(1280, 900), chromedp.Flag("no-proxy-server", true))
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.Context()), patience)
	t.Cleanup(cancel)
	ctx, stop := chromedp.NewExecAllocator(ctx, options...)
	t.Cleanup(stop)
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithErrorf(func(string, ...any) {})) // it complains of every event that is newer than it
	t.Cleanup(closeTab)
	b := &browser{t: t, ctx: ctx, host: host}
	chromedp.ListenTarget(ctx, b.watch)
	b.do("open", log.Enable(), network.Enable(), runtime.Enable())
	t.Cleanup(b.faultless)
	return b
}

// watch takes in what the browser tells. The tracker's refusal of who has no
// token yet is a line in the console that no page can prevent.
func (b *browser) watch(event any) {
	fault := ""
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.APITypeError || e.Type == runtime.APITypeWarning {
			fault = "console: " + string(e.Args[0].Value) + e.Args[0].Description
		}
	case *runtime.EventExceptionThrown:
		fault = "exception: " + e.ExceptionDetails.Error()
	case *log.EventEntryAdded:
		if e.Entry.Level == log.LevelError && !strings.Contains(e.Entry.Text, "401") {
			fault = "log: " + e.Entry.Text + " " + e.Entry.URL
		}
	case *network.EventRequestWillBeSent:
		if u, err := url.Parse(e.Request.URL); err != nil || (u.Host != b.host && u.Scheme != "data") {
			fault = "request to " + e.Request.URL
		}
	}
	if fault != "" {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.seen = append(b.seen, fault)
	}
}

func (b *browser) faultless() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, fault := range b.seen {
		b.t.Error(fault)
	}
}

func (b *browser) do(what string, actions ...chromedp.Action) {
	b.t.Helper()
	if err := chromedp.Run(b.ctx, actions...); err != nil {
		b.faultless()
		var shown string
		_ = chromedp.Run(b.ctx, chromedp.Text("body", &shown))
		b.t.Fatalf("%s: %v\n%s", what, err, shown)
	}
}

func (b *browser) open(path string) {
	b.t.Helper()
	b.do("open "+path, chromedp.Navigate("http://"+b.host+"/#"+path))
}

// until waits for a condition in JavaScript.
func (b *browser) until(what, condition string) {
	b.t.Helper()
	b.do(what, chromedp.Poll(condition, nil, chromedp.WithPollingTimeout(patience/2)))
}

// has waits until an element's text has some words.
func (b *browser) has(selector, words string) {
	b.t.Helper()
	b.until(selector+" has "+words, `[...document.querySelectorAll('`+selector+`')].some((e) => e.textContent.includes('`+words+`'))`)
}

// picture writes the page as it is to a folder: in the colours that the
// documents show, and, where one wants to look at everything, in both.
func (b *browser) picture(name, shown string) {
	b.t.Helper()
	for _, scheme := range []string{"light", "dark"} {
		for _, folder := range []string{*pictures, *looks} {
			if folder != "" && (scheme == shown || folder == *looks) {
				b.screenshot(fmt.Sprintf("%s/dashboard-%s-%s.png", folder, name, scheme), scheme)
			}
		}
	}
}

func (b *browser) screenshot(file, scheme string) {
	b.t.Helper()
	var png []byte
	b.do("picture", emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}),
		chromedp.Poll(`matchMedia('(prefers-color-scheme: `+scheme+`)').matches && document.getAnimations().every((a) => a.playState !== 'running')`, nil),
		chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(file, png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}
