package api

import "github.com/drayproject/dray/shared/trackerapi"

func checkJoin(m *trackerapi.JoinRequest) error {
	if err := checkName("node", m.Node); err != nil {
		return err
	}
	if len(m.Avoid) > trackerapi.MaxAvoid {
		return tooLarge("%d nodes to avoid; at most %d are allowed", len(m.Avoid), trackerapi.MaxAvoid)
	}
	if len(m.Registry) > trackerapi.MaxName {
		return tooLarge("the registry's name has more than %d bytes", trackerapi.MaxName)
	}
	if min(m.Offset, m.Size, m.WaitMS) < 0 {
		return invalid("offset, size and wait_ms can't be negative")
	}
	return checkDigest(m.Digest)
}

func checkProgress(m *trackerapi.ProgressRequest) error {
	if err := checkName("node", m.Node); err != nil {
		return err
	}
	return checkIngests(m.Ingests)
}

func checkIngests(all []trackerapi.Ingest) error {
	if len(all) > trackerapi.MaxIngests {
		return tooLarge("%d ingests; at most %d are allowed", len(all), trackerapi.MaxIngests)
	}
	for _, i := range all {
		if err := checkDigest(i.Digest); err != nil {
			return err
		}
		if min(i.Offset, i.Size, i.Rate) < 0 {
			return invalid("offset, size and rate of an ingest can't be negative")
		}
	}
	return nil
}
