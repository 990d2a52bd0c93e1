package api

import (
	"github.com/opencontainers/go-digest"

	"github.com/drayproject/dray/shared/trackerapi"
)

func checkRegister(m *trackerapi.RegisterRequest) error {
	n := &m.Node
	if err := checkName("node", n.Name); err != nil {
		return err
	}
	if len(n.Labels) > trackerapi.MaxLabels {
		return tooLarge("%d labels; at most %d are allowed", len(n.Labels), trackerapi.MaxLabels)
	}
	for key, value := range n.Labels {
		if max(len(key), len(value)) > trackerapi.MaxName {
			return tooLarge("label %.32q has more than %d bytes", key, trackerapi.MaxName)
		}
	}
	if max(len(n.Zone), len(n.Version), len(n.Addr)) > trackerapi.MaxName {
		return tooLarge("zone, version and addr have at most %d bytes", trackerapi.MaxName)
	}
	return nil
}

func checkAnnounce(m *trackerapi.AnnounceRequest) error {
	if err := checkName("node", m.Node); err != nil {
		return err
	}
	if n := len(m.Add) + len(m.Remove) + len(m.Verified); n > trackerapi.MaxDigests {
		return tooLarge("%d digests; at most %d are allowed", n, trackerapi.MaxDigests)
	}
	if n := len(m.Images) + len(m.ImagesGone); n > trackerapi.MaxDigests {
		return tooLarge("%d images; at most %d are allowed", n, trackerapi.MaxDigests)
	}
	for _, list := range [][]digest.Digest{m.Add, m.Remove, m.Verified} {
		if err := checkDigests(list); err != nil {
			return err
		}
	}
	for _, i := range m.Images {
		if err := checkDigest(i.Digest); err != nil {
			return err
		}
		if err := checkImageName(i.Name); err != nil {
			return err
		}
	}
	return checkImageNames(m.ImagesGone)
}

func checkHeartbeat(m *trackerapi.HeartbeatRequest) error {
	if err := checkName("node", m.Node); err != nil {
		return err
	}
	if err := checkLoad(&m.Load); err != nil {
		return err
	}
	return checkIngests(m.Ingests)
}

// checkLoad: the word for what is wrong goes into logs and tables.
func checkLoad(l *trackerapi.Load) error {
	switch {
	case min(int64(l.Uploads), int64(l.Slots), l.UploadRate, l.LatencyMS) < 0:
		return invalid("a load can't be negative")
	case l.Degraded != "":
		return checkName("degraded", l.Degraded)
	}
	return nil
}

func checkLeave(m *trackerapi.LeaveRequest) error { return checkName("node", m.Node) }

func checkLookup(m *trackerapi.LookupRequest) error {
	if err := checkName("node", m.Node); err != nil {
		return err
	}
	if len(m.Digests) > trackerapi.MaxLookup {
		return tooLarge("%d digests; at most %d are allowed", len(m.Digests), trackerapi.MaxLookup)
	}
	return checkDigests(m.Digests)
}

func checkResolve(m *trackerapi.ResolveRequest) error {
	if err := checkName("node", m.Node); err != nil {
		return err
	}
	if len(m.Names) > trackerapi.MaxLookup {
		return tooLarge("%d names; at most %d are allowed", len(m.Names), trackerapi.MaxLookup)
	}
	return checkImageNames(m.Names)
}

func checkReport(m *trackerapi.ReportRequest) error {
	if err := checkName("node", m.Node); err != nil {
		return err
	}
	if len(m.Reports) > trackerapi.MaxReports {
		return tooLarge("%d reports; at most %d are allowed", len(m.Reports), trackerapi.MaxReports)
	}
	for _, r := range m.Reports {
		if err := checkName("peer", r.Peer); err != nil {
			return err
		}
		aboutDigest := r.Kind == trackerapi.KindCorrupt || r.Kind == trackerapi.KindMiss
		if r.Digest == "" && !aboutDigest {
			continue
		}
		if err := checkDigest(r.Digest); err != nil {
			return err
		}
	}
	return nil
}
