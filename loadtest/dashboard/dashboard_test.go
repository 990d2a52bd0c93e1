package dashboard

import (
	"flag"
	"fmt"
	"net/url"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"github.com/drayproject/dray/seeder/app"
)

var (
	pictures = flag.String("pictures", "", "folder for the screenshots that the documents show")
	looks    = flag.String("looks", "", "folder for screenshots of every page, in light, dark and narrow")
)

func TestAPullAndADeathAreSeenAsTheyHappen(t *testing.T) {
	find(t)
	c := newCluster(t)
	var nodes []*app.App
	for i, zone := range []string{"a", "a", "b", "b", "c"} {
		nodes = append(nodes, c.seeder("n"+string(rune('0'+i)), zone))
	}
	kill := c.extra("victim", "c")
	if *pictures+*looks != "" {
		c.extras(60)
	}
	b := newBrowser(t, c.Tracker.AdminAddr())
	b.open("/")
	b.enter()
	b.has(".tile", "Nodes ready")
	b.has(".zone", "2 ready")

	for _, node := range nodes {
		c.pull(node)
	}
	swarm := "/digests/" + url.PathEscape(c.layer)
	b.until("the layer is on its way", `document.querySelector('main a[href="#/digests/`+url.QueryEscape(c.layer)+`"]')`)
	b.has(".feed", "gets")
	b.do("see the tree", chromedp.Evaluate(`location.hash = '#`+swarm+`'`, nil))
	b.until("all are in the tree", `document.querySelectorAll('.mark[data-state=running]').length === 5`)
	b.until("who shares what it is getting has children", `[...document.querySelectorAll('.edges path')].length === 5`)
	b.picture("swarm", "dark")
	c.letGo()
	b.until("all are complete", `document.querySelectorAll('.mark[data-state=complete]').length === 5`)
	b.has(".tree svg title", "complete")

	b.do("go back", chromedp.Evaluate(`location.hash = '#/'`, nil))
	b.has(".tile", "Bytes saved")
	b.until("the hit rate is known", `[...document.querySelectorAll('.tile')].some((e) => /Hit rate.*[1-9][0-9.]* %/.test(e.textContent))`)
	kill()
	b.has(".zone", "1 dead")
	b.has("#news", "victim is dead")
	b.has("main .quiet", "Nothing is on its way")
	b.picture("overview", "light")
}

func TestEveryPageShowsOutsideTextAsText(t *testing.T) {
	find(t)
	c := newCluster(t)
	c.letGo()
	name := `<img src=x onerror=alert(1)>"'&`
	c.extra(name, `</script><h1 id=trap>`)
	c.pull(c.seeder("n0", "a"))
	c.pulls.Wait()
	b := newBrowser(t, c.Tracker.AdminAddr())
	b.open("/nodes")
	b.enter()
	b.has("td", "<img src=x onerror=alert(1)>")
	for path, words := range map[string]string{
		"/": "Nodes ready", "/nodes/" + url.PathEscape(name): "<b>note</b>", "/nodes/n0": "Stability", "/images": "library/app:1",
		"/images/" + url.PathEscape(c.image): "live holder", "/digests/" + url.PathEscape(c.layer): "Live holders", "/swarms": "Nothing is on its way",
		"/at-risk": "without a live holder", "/what-if?node=n0": "were", "/events": "Verdicts", "/nothing": "no such page", "/%": "no such page",
	} {
		b.open(path)
		b.has("main", words)
		b.picture(fmt.Sprint("page", len(path), strings.ReplaceAll(path[:min(len(path), 9)], "/", "-")), "")
		b.until("no element was made of text", `!document.querySelector('#trap, main img, main script')`)
	}
}

func TestTheMapBears15000Nodes(t *testing.T) {
	find(t)
	const nodes = 15_000
	c := newCluster(t)
	c.register(nodes)
	b := newBrowser(t, c.Tracker.AdminAddr())
	b.open("/")
	b.enter()
	b.until("all nodes are on the map", `(() => {
		let n = 0
		for (const e of document.querySelectorAll('.zone .counts a')) n += Number(e.textContent.replace(/\D/g, ''))
		return n === 15000 && document.querySelectorAll('.zone canvas').length === 3
	})()`)
	b.do("move over the map by keys", chromedp.SendKeys(".zone canvas", kb.ArrowRight+kb.ArrowRight+kb.ArrowDown+kb.Enter))
	b.until("a node is shown", `location.hash.startsWith('#/nodes/many-')`)
}

func TestANodeIsDrainedByKeysAlone(t *testing.T) {
	find(t)
	c := newCluster(t)
	c.extra("n0", "a")
	b := newBrowser(t, c.Tracker.AdminAddr())
	b.open("/nodes/n0")
	b.enter()
	b.has("main button", "Drain")
	b.press("main .turn:not([hidden]) > button", kb.Enter)
	b.has("dialog[open]", "Drain n0?")
	b.do("say no", chromedp.KeyEvent(kb.Escape))
	b.until("the question is gone", `!document.querySelector('dialog[open]')`)
	b.has("main .state", "ready")

	b.press("main .turn:not([hidden]) > button", kb.Enter)
	b.has("dialog[open]", "Drain n0?")
	b.until("no is the answer that is in the way", `document.activeElement.textContent === 'Cancel'`)
	b.do("say yes", chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	b.has("[role=status]", "n0 is draining.")
	b.has("main .pairs .state", "draining")
	b.picture("node", "")
	b.press("main .turn:not([hidden]) > button", kb.Enter)
	b.has("dialog[open]", "Undrain n0?")
	b.do("say yes", chromedp.KeyEvent(kb.Tab), chromedp.KeyEvent(kb.Enter))
	b.has("[role=status]", "n0 is ready.")
	b.has("main .pairs .state", "ready")
}

// press moves the focus to an element, as the Tab key does, and presses a key.
func (b *browser) press(selector, key string) {
	b.t.Helper()
	b.do("press "+selector, chromedp.Focus(selector, chromedp.ByQuery), chromedp.KeyEvent(key))
}

// enter gives the token to the form that asks for it.
func (b *browser) enter() {
	b.t.Helper()
	b.until("the token is asked for", `document.querySelector('dialog').open`)
	b.do("give the token", chromedp.SendKeys("#token", token+"\r"))
	b.until("the form is gone", `!document.querySelector('dialog').open`)
}
