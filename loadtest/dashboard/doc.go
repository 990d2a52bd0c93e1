// Package dashboard opens the tracker's dashboard in a real Chromium, headless,
// and watches it while an embedded cluster pulls an image and loses a node.
//
// It needs the Debian package chromium, which is large: without it the tests
// are skipped, also where DRAY_TEST_REQUIRE says that other programs have to be
// there. DRAY_TEST_CHROMIUM=1 makes it fail instead. With -pictures it writes
// the screenshots of docs/dashboard.md:
//
//	go test ./loadtest/dashboard -pictures "$PWD/docs/images"
package dashboard
