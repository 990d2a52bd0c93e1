package admin

import (
	"context"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/drayproject/dray/tracker/index"
)

const maxVersions = 100

type imagesQuery struct {
	Name string `query:"name" maxLength:"1024" doc:"Names that have this in them"`
	Paging
}

func (a *Admin) images(_ context.Context, q *imagesQuery) (Images, error) {
	var all []keyed[string]
	for _, name := range a.Index.ImageNames() {
		if strings.Contains(name, q.Name) {
			all = append(all, keyed[string]{name, name})
		}
	}
	page, frame, err := cut(&q.Paging, "images", slices.Values(all))
	return Images{shown(page, a.showImage), frame}, err
}

func (a *Admin) showImage(name string) ImageItem {
	i := ImageItem{Name: name}
	for _, v := range a.Index.Tags(name) {
		i.Digests++
		i.Nodes += v.Nodes
	}
	if newest, found := a.Index.Resolve(name, a.usable); found {
		i.Digest = newest.Digest
	}
	return i
}

type imageQuery struct {
	Name string `path:"name" maxLength:"1024" doc:"The image's full name, escaped, as in docker.io%2Flibrary%2Fredis:7"`
}

func (a *Admin) image(_ context.Context, q *imageQuery) (ImageDetail, error) {
	versions := a.Index.Tags(q.Name)
	if len(versions) == 0 {
		return ImageDetail{}, huma.Error404NotFound("no node has an image of this name", &huma.ErrorDetail{Message: "not known", Location: "path.name", Value: q.Name})
	}
	d := ImageDetail{Name: q.Name, Versions: []Version{}}
	for _, v := range versions[:min(len(versions), maxVersions)] {
		d.Versions = append(d.Versions, a.showVersion(v))
	}
	return d, nil
}

func (a *Admin) showVersion(v index.Tagged) Version {
	holders, _ := a.Index.HoldersOf(v.Digest)
	shown := Version{Digest: v.Digest, UpdatedAt: v.UpdatedAt, Nodes: v.Nodes, Zones: a.coverage(holders)}
	for _, zone := range shown.Zones {
		shown.Live += zone.Live
	}
	return shown
}
