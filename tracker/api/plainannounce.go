package api

import (
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

// What announces content, in the form of plain.go: whole inventories, above all,
// when a whole fleet has to be heard again.

func readAnnounce(c cursor, into *trackerapi.AnnounceRequest) bool {
	m := trackerapi.AnnounceRequest{Sender: c.sender()}
	m.Whole = c.has(`,"whole":true`)
	if c.has(`,"from":`) {
		m.From = c.number(64)
	}
	c.skip(`,"seq":`)
	m.Seq = c.number(64)
	c.skip(`,"set_hash":"`)
	m.SetHash = c.number(64)
	c.skip(`"`)
	m.Add = c.digestsOf(`,"add":[`)
	m.Remove = c.digestsOf(`,"remove":[`)
	m.Images = c.images()
	if c.has(`,"images_gone":[`) {
		m.ImagesGone = c.texts()
		c.skip(`]`)
	}
	m.Verified = c.digestsOf(`,"verified":[`)
	c.skip(`}`)
	if !c.done() {
		return false
	}
	*into = m
	return true
}

// digestsOf reads a list that may be left out.
func (c *cursor) digestsOf(field string) (all []digest.Digest) {
	if !c.has(field) {
		return nil
	}
	all = c.digests()
	c.skip(`]`)
	return all
}

func (c *cursor) images() (all []trackerapi.Image) {
	if !c.has(`,"images":[`) {
		return nil
	}
	for more := true; more && !c.surprised; more = c.has(`,`) {
		all = append(all, c.image())
	}
	c.skip(`]`)
	return all
}

func (c *cursor) image() (i trackerapi.Image) {
	c.skip(`{"name":`)
	i.Name = c.text()
	c.skip(`,"digest":`)
	i.Digest = digest.Digest(c.text())
	c.skip(`,"updated_at":`)
	if i.UpdatedAt.UnmarshalText([]byte(c.text())) != nil {
		c.surprised = true
	}
	c.skip(`}`)
	return i
}
