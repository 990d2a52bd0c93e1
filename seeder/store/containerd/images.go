package containerd

import (
	"context"
	"time"

	imagesapi "github.com/containerd/containerd/api/services/images/v1"
	"github.com/containerd/containerd/api/types"
	"github.com/containerd/containerd/v2/core/images"
	"github.com/containerd/containerd/v2/pkg/epoch"
	"github.com/containerd/errdefs/pkg/errgrpc"
	"github.com/opencontainers/go-digest"
	ocispec "github.com/opencontainers/image-spec/specs-go/v1"
	"google.golang.org/protobuf/types/known/fieldmaskpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// imageStore is containerd's image service as its own interface. For the other
// services there are packages that do this; for images only the whole client
// does.
type imageStore struct{ service imagesapi.ImagesClient }

func (s imageStore) Get(ctx context.Context, name string) (images.Image, error) {
	r, err := s.service.Get(ctx, &imagesapi.GetImageRequest{Name: name})
	return fromProto(r.GetImage()), errgrpc.ToNative(err)
}

func (s imageStore) List(ctx context.Context, filters ...string) ([]images.Image, error) {
	r, err := s.service.List(ctx, &imagesapi.ListImagesRequest{Filters: filters})
	all := make([]images.Image, len(r.GetImages()))
	for i, p := range r.GetImages() {
		all[i] = fromProto(p)
	}
	return all, errgrpc.ToNative(err)
}

func (s imageStore) Create(ctx context.Context, i images.Image) (images.Image, error) {
	r, err := s.service.Create(ctx, &imagesapi.CreateImageRequest{Image: toProto(i)})
	return fromProto(r.GetImage()), errgrpc.ToNative(err)
}

func (s imageStore) Update(ctx context.Context, i images.Image, fields ...string) (images.Image, error) {
	request := &imagesapi.UpdateImageRequest{Image: toProto(i)}
	at := epoch.FromContext(ctx)
	if at != nil {
		request.SourceDateEpoch = timestamppb.New(*at)
	}
	if len(fields) > 0 {
		request.UpdateMask = &fieldmaskpb.FieldMask{Paths: fields}
	}
	r, err := s.service.Update(ctx, request)
	return fromProto(r.GetImage()), errgrpc.ToNative(err)
}

func (s imageStore) Delete(ctx context.Context, name string, opts ...images.DeleteOpt) error {
	var o images.DeleteOptions
	for _, opt := range opts {
		if err := opt(ctx, &o); err != nil {
			return err
		}
	}
	request := &imagesapi.DeleteImageRequest{Name: name, Sync: o.Synchronous}
	if o.Target != nil {
		request.Target = descriptorToProto(*o.Target)
	}
	_, err := s.service.Delete(ctx, request)
	return errgrpc.ToNative(err)
}

func toProto(i images.Image) *imagesapi.Image {
	return &imagesapi.Image{
		Name:      i.Name,
		Labels:    i.Labels,
		Target:    descriptorToProto(i.Target),
		CreatedAt: timestamppb.New(i.CreatedAt),
		UpdatedAt: timestamppb.New(i.UpdatedAt),
	}
}

func descriptorToProto(d ocispec.Descriptor) *types.Descriptor {
	return &types.Descriptor{
		MediaType:   d.MediaType,
		Digest:      d.Digest.String(),
		Size:        d.Size,
		Annotations: d.Annotations,
	}
}

// fromProto makes an empty image of nil, which comes with an error.
func fromProto(p *imagesapi.Image) images.Image {
	target := p.GetTarget()
	return images.Image{
		Name:   p.GetName(),
		Labels: p.GetLabels(),
		Target: ocispec.Descriptor{
			MediaType:   target.GetMediaType(),
			Digest:      digest.Digest(target.GetDigest()),
			Size:        target.GetSize(),
			Annotations: target.GetAnnotations(),
		},
		CreatedAt: fromTimestamp(p.GetCreatedAt()),
		UpdatedAt: fromTimestamp(p.GetUpdatedAt()),
	}
}

// fromTimestamp knows that no timestamp is not the year 1970.
func fromTimestamp(t *timestamppb.Timestamp) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.AsTime()
}
