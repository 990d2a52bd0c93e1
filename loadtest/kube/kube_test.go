package kube

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestBytesOfAllInterfacesButLoopbackAreCounted(t *testing.T) {
	const procNetDev = `Inter-|   Receive                                                |  Transmit
 face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls carrier compressed
    lo: 1000       10    0    0    0     0          0         0     1000      10    0    0    0     0       0          0
  eth0: 2000       20    0    0    0     0          0         0     300       3    0    0    0     0       0          0
  eth1:5 1 0 0 0 0 0 0 7 1 0 0 0 0 0 0
`
	if n := sent(procNetDev); n != 307 {
		t.Errorf("%d bytes", n)
	}
}

func TestSamplesAreAddedUpByNameAndLabel(t *testing.T) {
	const text = `# HELP dray_seeder_transfer_bytes_total Bytes.
dray_seeder_transfer_bytes_total{source="local"} 5
dray_seeder_transfer_bytes_total{source="peer"} 1.5e+07
dray_seeder_transfer_bytes_total_more{source="peer"} 3
dray_seeder_uploads 2
`
	for query, want := range map[[2]string]float64{
		{"dray_seeder_transfer_bytes_total", `source="peer"`}: 15e6,
		{"dray_seeder_transfer_bytes_total", ""}:              15e6 + 5,
		{"dray_seeder_uploads", ""}:                           2,
		{"dray_seeder_nothing", ""}:                           0,
	} {
		if got := metric(text, query[0], query[1]); got != want {
			t.Errorf("%v: %v, want %v", query, got, want)
		}
	}
}

func TestAnImageIsForgottenByAllItsNames(t *testing.T) {
	const list = `REF TYPE DIGEST SIZE PLATFORMS LABELS
registry.test:5000/app:1 application/vnd.oci.image.manifest.v1+json sha256:aa 3.0 MiB linux/amd64 io.cri-containerd.image=managed
registry.test:5000/app@sha256:aa application/vnd.oci.image.manifest.v1+json sha256:aa 3.0 MiB linux/amd64 -
registry.test:5000/app:10 application/vnd.oci.image.manifest.v1+json sha256:bb 3.0 MiB linux/amd64 -
sha256:cc application/vnd.oci.image.manifest.v1+json sha256:aa 3.0 MiB linux/amd64 -
`
	want := []string{"registry.test:5000/app:1", "registry.test:5000/app@sha256:aa", "sha256:cc"}
	if got := aliases(list, "registry.test:5000/app:1"); !slices.Equal(got, want) {
		t.Errorf("%v", got)
	}
	if got := aliases(list, "registry.test:5000/app:2"); len(got) != 0 {
		t.Errorf("an image that is not there: %v", got)
	}
}

func TestWithoutAClusterItSaysWhatItNeeds(t *testing.T) {
	t.Chdir(t.TempDir())
	for kubeconfig, want := range map[string]string{"": "set KUBECONFIG and E2E_KUBE", "/some/kubeconfig": "E2E_KUBE is not"} {
		t.Setenv("KUBECONFIG", kubeconfig)
		t.Setenv("E2E_KUBE", "")
		if _, err := helper(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("KUBECONFIG=%q: %v", kubeconfig, err)
		}
	}
	t.Setenv("E2E_KUBE", "sudo my-helper --fast")
	if got, err := helper(); err != nil || !slices.Equal(got, []string{"sudo", "my-helper", "--fast"}) {
		t.Errorf("%v, %v", got, err)
	}
}

func TestTheReportIsATable(t *testing.T) {
	r := report{setting: "Kubernetes v1.37.2, 3 nodes."}
	r.add("install", "3 nodes", 1500*time.Millisecond)
	if page := r.String(); !strings.Contains(page, "\n| install | 3 nodes | 2 s |\n") || !strings.Contains(page, r.setting) {
		t.Error(page)
	}
}
