package hosts

import "testing"

func TestTheMirrorGoesAboveTheCommentsOfTheFirstHost(t *testing.T) {
	head, rest := "# head\n\nserver = \"https://a.test\" # here\n\n", "# one\n# two\n[host.\"https://b.test\"] # there\n"
	got, err := insert(head+rest, mirror, undo{})
	if want := head + block(hostLines(mirror), undo{}) + rest; err != nil || got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

func TestACommentFurtherUpStaysWhereItIs(t *testing.T) {
	head, rest := "# head\n\n", "[host.\"https://b.test\"]\n"
	got, err := insert(head+rest, mirror, undo{})
	if want := head + block(hostLines(mirror), undo{}) + rest; err != nil || got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}
