// Package helm holds no code: its tests keep the chart beside it valid, as helm
// and as Kubernetes' own types see it, and in line with the settings that the
// programs have.
package helm
