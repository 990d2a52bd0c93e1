// Package dashboard opens the tracker's dashboard in a real Chromium, headless,
// and watches it while an embedded cluster pulls an image and loses a node.
//
// It needs the Debian package chromium: without it the tests are skipped, unless
// DRAY_TEST_REQUIRE=1. With -pictures it writes the screenshots of
// docs/dashboard.md; with -looks those of every page, to be looked at:
//
//	go test ./loadtest/dashboard -pictures "$PWD/docs/images" -looks /tmp
package dashboard
