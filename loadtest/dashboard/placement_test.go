package dashboard

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// TestPlacementIsSeen follows a policy that is kept and one that can't be, jobs
// that are done and one that fails, and a drain that saves.
func TestPlacementIsSeen(t *testing.T) {
	find(t)
	c := newCluster(t)
	c.letGo()
	for i, zone := range []string{"a", "b", "c"} {
		c.seeder(fmt.Sprint("n", i), zone)
	}
	c.tell(http.MethodPost, "/jobs", `{"id":"first","images":["`+c.image+`"],"select":{"nodes":["n0"]}}`)
	c.tell(http.MethodPost, "/jobs", `{"id":"hopeless","images":["`+c.image+`-that-is-nowhere"],"select":{"zones":["b"]}}`)
	c.tell(http.MethodPut, "/policies/base", `{"name":"base","images":["**"],"factor":2}`)
	c.tell(http.MethodPut, "/policies/wide", `{"name":"wide","images":["**"],"factor":9,"select":{"zones":["a","b"]}}`)

	b := newBrowser(t, c.Tracker.AdminAddr())
	b.open("/placement")
	b.enter()
	b.has("h1", "Placement")
	b.has(".lead", "This tracker places content. 2 policies, 2 jobs.")
	b.row("wide", "short")
	b.row("first", "over", "1 of 1")
	b.row("hopeless", "0 of 1", "over")
	b.row("base", "kept")
	b.picture("placement", "light")

	b.open("/jobs/first")
	b.row(c.image, "2") // who has it now, by the policy
	b.has(".pairs", "over")
	b.open("/jobs/hopeless")
	b.row("n1", "failed", "nowhere")
	b.picture("job", "")
	b.open("/policies/wide")
	b.row(c.image, "9")
	b.has("td", "only 2 of the 2 selected nodes are live")
	b.has("nav a[aria-current]", "Placement")
	b.picture("policy", "")

	b.open("/nodes/n2")
	b.has(".pairs", "Stability")
	c.tell(http.MethodPost, "/jobs", `{"id":"second","images":["`+c.image+`"],"select":{"nodes":["n2"]}}`)
	b.has("main .feed li[data-event=work]", "library/app:1 is done")
	b.open("/")
	b.has(".feed", "job second is over")
	b.until("the stream has not been broken", `document.getElementById('line').dataset.state === 'live'`)

	c.tell(http.MethodPost, "/nodes/n0/drain?save=true", "")
	b.open("/placement")
	b.row("n0")
	b.until("every bar has a name", `[...document.querySelectorAll('main meter')].every((e) => e.ariaLabel || e.getAttribute('aria-label'))`)
	b.press(`main a[href="#/jobs/first"]`, kb.Enter)
	b.has("h1", "Job first")
	b.narrow()
}

// row waits for a row of a table that has all of these words.
func (b *browser) row(words ...string) {
	b.t.Helper()
	condition := "true"
	for _, w := range words {
		condition += fmt.Sprintf(" && r.textContent.includes(%q)", w)
	}
	b.until(fmt.Sprint("a row with ", words), `[...document.querySelectorAll('tbody tr')].some((r) => `+condition+`)`)
}

// narrow looks at every page on a small screen: nothing may be wider than that.
func (b *browser) narrow() {
	b.t.Helper()
	b.do("make it narrow", chromedp.EmulateViewport(390, 800))
	for _, path := range []string{"/", "/nodes", "/nodes/n0", "/images", "/swarms", "/at-risk", "/placement", "/policies/wide", "/jobs/hopeless", "/events"} {
		b.open(path)
		b.until(path+" is shown", `document.querySelector('main .card, main .scroll, main .quiet')`)
		b.until(path+" fits", `document.documentElement.scrollWidth <= 390`)
		b.picture("narrow"+strings.ReplaceAll(path, "/", "-"), "")
	}
}

// tell changes something by the admin API.
func (c *cluster) tell(method, path, body string) {
	c.t.Helper()
	req, err := http.NewRequestWithContext(c.t.Context(), method, (&url.URL{Scheme: "http", Host: c.Tracker.AdminAddr()}).String()+"/admin/v1"+path, bytes.NewBufferString(body))
	if err != nil {
		c.t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+token)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		c.t.Fatal(err)
	}
	defer res.Body.Close()
	if answer, _ := io.ReadAll(res.Body); res.StatusCode != http.StatusOK {
		c.t.Fatalf("%s %s: %s %s", method, path, res.Status, answer)
	}
}
