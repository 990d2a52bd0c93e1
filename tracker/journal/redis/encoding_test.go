package redis

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
	"github.com/drayproject/dray/tracker/journal"
)

// copied is the book as another tracker reads it.
func copied(b *book) *foreignBook {
	f := &foreignBook{words: map[uint64]string{}}
	f.addPage(page(b.digests.inOrder))
	for n, w := range b.words.inOrder {
		f.words[uint64(n)] = w
	}
	return f
}

func TestWorkedExample(t *testing.T) {
	var b book
	var four []digest.Digest
	for i := range 4 {
		four = append(four, digest.FromString(fmt.Sprint(i)))
		b.digest(four[i])
	}
	s := &journal.Set{
		Digests: []digest.Digest{four[3], four[0], four[1]},
		Images:  []trackerapi.Image{{Name: "example.org/app:1", Digest: four[1], UpdatedAt: time.UnixMicro(64).UTC()}},
	}
	want := binary.BigEndian.AppendUint64([]byte("\x01\x00\x00\x00\x00\x00\x00\x00\xaa"), uint64(s.Hash()))
	want = append(want, "\x03\x00\x00\x01\x00\x01\x00\x02\x80\x01"...)
	if got := encodeSet(s, 0xaa, &b); !bytes.Equal(got, want) {
		t.Fatalf("got  %x\nwant %x", got, want)
	}
}

func TestSlotIsForDigestsThatItLeadsBackTo(t *testing.T) {
	for d, want := range map[digest.Digest]bool{
		digest.FromString("x"):                                   true,
		digest.SHA512.FromString("x"):                            false,
		"sha256:" + digest.Digest(bytes.Repeat([]byte("0"), 64)): false, // a slot that was lost
		"sha256:" + digest.Digest(bytes.Repeat([]byte("A"), 64)): false,
		"sha256:abc": false, "sha256": false, "": false,
	} {
		if isSHA256(d) != want {
			t.Errorf("%s: want %v", d, want)
		}
	}
}

func TestWhatWasLostReadsAsMissing(t *testing.T) {
	var b book
	s := &journal.Set{}
	for i := range 100 {
		s.Digests = append(s.Digests, digest.FromString(fmt.Sprint(i)))
	}
	s.Images = []trackerapi.Image{{Name: "x", Digest: s.Digests[0]}}
	text := encodeSet(s, 1, &b)
	for name, lose := range map[string]func(f *foreignBook){
		"the end":  func(f *foreignBook) { f.digests = f.digests[:99] },
		"a slot":   func(f *foreignBook) { f.digests[50] = "" },
		"a word":   func(f *foreignBook) { clear(f.words) },
		"a switch": func(f *foreignBook) { f.digests[50] = digest.FromString("another") },
	} {
		f := copied(&b)
		if _, err := decodeSet(text, f); err != nil {
			t.Fatal(err)
		}
		lose(f)
		if got, err := decodeSet(text, f); err == nil {
			t.Errorf("%s: got %v", name, got)
		}
	}
}

// some digests of every kind, chosen by the bytes.
func digestsOf(raw []byte) (all []digest.Digest) {
	for _, c := range raw {
		if c%16 == 0 {
			all = append(all, digest.SHA512.FromBytes([]byte{c}))
			continue
		}
		all = append(all, digest.FromBytes([]byte{c}))
	}
	slices.Sort(all)
	return slices.Compact(all)
}

func FuzzSetRoundTrip(f *testing.F) {
	f.Add([]byte("abc"), []byte("cd\x10"), "docker.io/library/redis:7", int64(1_700_000_000_000_000))
	f.Add([]byte{}, []byte{}, "", int64(math.MinInt64))
	f.Fuzz(func(t *testing.T, before, raw []byte, name string, at int64) {
		var b book
		for _, d := range digestsOf(before) { // numbered by another set
			b.digest(d)
		}
		s := &journal.Set{Digests: digestsOf(raw)}
		for i, d := range s.Digests {
			if name != "" {
				s.Images = append(s.Images, trackerapi.Image{Name: fmt.Sprint(name, i), Digest: d, UpdatedAt: time.UnixMicro(at * int64(i)).UTC()})
			}
		}
		got, err := decodeSet(encodeSet(s, 7, &b), copied(&b))
		if err != nil {
			t.Fatal(err)
		}
		slices.Sort(got.Digests)
		if !slices.Equal(got.Digests, s.Digests) || !slices.Equal(got.Images, s.Images) {
			t.Fatalf("got  %v\nwant %v", got, s)
		}
	})
}

// Whatever is in Redis, reading it neither panics nor takes more memory than
// it is worth; and what it gives is what its hash says.
func FuzzReadSet(f *testing.F) {
	var b book
	s := &journal.Set{Digests: digestsOf([]byte("abc\x10")), Images: []trackerapi.Image{{Name: "x", Digest: digest.FromBytes([]byte("a"))}}}
	f.Add(encodeSet(s, 1, &b))
	there := copied(&b)
	f.Fuzz(func(t *testing.T, text []byte) {
		if got, err := decodeSet(text, there); err == nil && uint64(got.Hash()) != binary.BigEndian.Uint64(text[9:]) {
			t.Fatalf("got %v", got)
		}
	})
}

func FuzzNodeRoundTrip(f *testing.F) {
	f.Add("node-1", "10.0.0.1:5002", "zone", "key", "value", int64(1_763_880_000_123), uint32(1_763_880_000))
	f.Fuzz(func(t *testing.T, name, addr, zone, key, value string, epoch int64, at uint32) {
		e := journal.Entry{Node: trackerapi.Node{Name: name, Epoch: epoch, Addr: addr, Zone: zone, Labels: map[string]string{key: value}}}
		for _, s := range []*string{&e.Node.Addr, &e.Node.Zone} {
			*s = string([]rune(*s)) // as it comes out of the JSON that nodes send
		}
		e.Node.Labels = map[string]string{string([]rune(key)): string([]rune(value))}
		e.History = []journal.Verdict{{At: time.Unix(int64(at), 0).UTC(), State: "dead", Reason: "missed_heartbeats"}}
		text, err := encodeNode(&e)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := decodeNode(name, string(text)); err != nil || !reflect.DeepEqual(got, e) {
			t.Fatalf("%v: got %+v; want %+v", err, got, e)
		}
		_, _ = decodeNode(name, value)
	})
}

func FuzzStampRoundTrip(f *testing.F) {
	f.Add(int64(1), uint64(2), uint32(3), uint64(4), "other")
	f.Fuzz(func(t *testing.T, epoch int64, hash uint64, heard uint32, id uint64, other string) {
		s := journal.Stamp{Node: "a", Epoch: epoch, Hash: trackerapi.SetHash(hash), Heard: time.Unix(int64(heard), 0).UTC(), Writer: formatID(id)}
		text, err := encodeStamp(s)
		if err != nil {
			t.Fatal(err)
		}
		if got, ok := decodeStamp("a", string(text)); !ok || got != s {
			t.Fatalf("got %+v; want %+v", got, s)
		}
		decodeStamp("a", other)
	})
}

// Whatever lies among the papers, what is read of it is a paper.
func FuzzReadPaper(f *testing.F) {
	f.Add("base", `2 {"factor":3}`)
	f.Add("", "7")
	f.Fuzz(func(t *testing.T, name, value string) {
		p, ok := decodePaper(journal.Policies, name, value)
		if !ok {
			return
		}
		if err := p.Check(); err != nil || p.Name != name || fmt.Sprintf("%d %s", p.Rev, p.Text) != value && value[0] != '0' && value[0] != '+' {
			t.Fatalf("got %+v, %v", p, err)
		}
	})
}
