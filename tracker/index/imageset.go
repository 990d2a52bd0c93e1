package index

import "github.com/drayproject/dray/shared/trackerapi"

// imageSet is one node's images by the number of their name. The numbers are
// valid as long as the node's lock is held: while an image is in the set, its
// tag is among those of its name, and uses them.
type imageSet map[uint32]tag

func (x *Index) replaceImages(v *inventory, whole []trackerapi.Image) {
	before := v.images
	v.images = nil
	if len(whole) > 0 {
		v.images = make(imageSet, len(whole))
	}
	for _, i := range whole {
		x.setImage(v, i, before)
	}
	for name := range before {
		if _, stays := v.images[name]; !stays {
			x.images.drop(v.node, name)
		}
	}
}

// setImage gives the node an image, in place of one with the same name that it
// has, or had before.
func (x *Index) setImage(v *inventory, i trackerapi.Image, before imageSet) {
	name := x.images.find(i.Name)
	_, had := before[name]
	if old, has := v.images[name]; has {
		had = true
		v.hash.Image(x.images.image(name, old))
	}
	if v.images == nil {
		v.images = imageSet{}
	}
	name, t := x.images.set(v.node, i, had)
	v.images[name] = t
	v.hash.Image(i)
}

func (x *Index) removeImage(v *inventory, i string) {
	name := x.images.find(i)
	if t, has := v.images[name]; has {
		v.hash.Image(x.images.image(name, t))
		delete(v.images, name)
		x.images.drop(v.node, name)
	}
}
