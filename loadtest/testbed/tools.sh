#!/usr/bin/env bash
# Gets the programs that tests and linting run: Go ones are built, at fixed
# versions, into the repository's .cache/bin; the rest are Debian packages. What
# is already there at the right version is left alone.
#
#   tools.sh test    containerd, ctr, helm, docker-compose, the OCI conformance tests, and the Debian packages
#   tools.sh lint    golangci-lint
#   tools.sh         all of it
set -euo pipefail

containerd=v2.4.2
helm=v3.22.0
compose=v5.5.1
conformance=v0.0.0-20260831232431-97274622c111
golangci_lint=v2.15.0
packages=(busybox-static chromium docker-registry docker.io iproute2 nftables nginx-light prometheus redis-server)
commands=(busybox chromium docker docker-registry dockerd ip tc nft nginx promtool redis-server redis-cli systemd-analyze)

root="$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)"
bin="${DRAY_TEST_BIN:-$root/.cache/bin}"
export PATH="$PATH:/usr/sbin:/sbin"

main() {
  case "${1:-all}" in
    test) test_tools ;;
    lint) lint_tools ;;
    all)  test_tools; lint_tools ;;
    *)    sed -n 's/^#   //p' "${BASH_SOURCE[0]}" >&2; exit 2 ;;
  esac
}

test_tools() {
  if [[ "$(uname -s)" != Linux ]]; then
    give_up "real nodes need Linux"
    return
  fi
  build containerd github.com/containerd/containerd/v2/cmd/containerd "$containerd"
  build ctr github.com/containerd/containerd/v2/cmd/ctr "$containerd"
  build conformance github.com/opencontainers/distribution-spec/conformance "$conformance"
  build helm helm.sh/helm/v3/cmd/helm "$helm"
  build_within docker-compose github.com/docker/compose/v5/cmd "$compose"
  install_packages
}

lint_tools() {
  build golangci-lint github.com/golangci/golangci-lint/v2/cmd/golangci-lint "$golangci_lint"
}

# build NAME PACKAGE VERSION
build() {
  wanted "$1" "$3" || return 0
  (cd / && GOBIN="$bin" GOFLAGS='' CGO_ENABLED=0 go install -trimpath -ldflags '-s -w' "$2@$3")
  stamp "$1" "$3"
}

# build_within NAME PACKAGE VERSION is for programs that `go install` refuses,
# since their go.mod excludes something: it builds them within a module that is
# made for it.
build_within() {
  wanted "$1" "$3" || return 0
  local module
  module="$(mktemp -d)"
  (cd "$module" && go mod init tool && GOFLAGS='' go get "$2@$3" &&
    GOFLAGS='' CGO_ENABLED=0 go build -trimpath -ldflags '-s -w' -o "$bin/$1" "$2") >&2
  rm -rf "$module"
  stamp "$1" "$3"
}

# wanted NAME VERSION. A stamp beside the program says which version it is, and
# which Go made it.
wanted() {
  if [[ -x "$bin/$1" && "$(cat "$bin/.$1.version" 2>/dev/null)" == "$2 $(go env GOVERSION)" ]]; then
    return 1
  fi
  echo "building $1 $2 into $bin" >&2
  mkdir -p "$bin"
}

stamp() { echo "$2 $(go env GOVERSION)" >"$bin/.$1.version"; }

install_packages() {
  local missing
  missing="$(missing_commands)"
  [[ -n "$missing" ]] || return 0
  if [[ "$missing" == *systemd-analyze* ]]; then
    packages+=(systemd) # only there: it is no package to be upgraded in passing
  fi
  if ((EUID != 0)) || ! command -v apt-get >/dev/null; then
    give_up "missing programs: $missing (Debian packages: ${packages[*]})"
    return
  fi
  echo "installing Debian packages for: $missing" >&2
  keep_services_down
  apt-get -qq update
  DEBIAN_FRONTEND=noninteractive apt-get -qq -y --no-install-recommends install "${packages[@]}" >/dev/null
}

missing_commands() {
  local c missing=()
  for c in "${commands[@]}"; do
    command -v "$c" >/dev/null || missing+=("$c")
  done
  echo "${missing[*]}"
}

# Only the programs are wanted: Debian would start a registry, a web server
# and a Redis.
keep_services_down() {
  local policy=/usr/sbin/policy-rc.d
  [[ ! -e "$policy" ]] || return 0
  trap "rm -f $policy" EXIT
  printf '#!/bin/sh\nexit 101\n' >"$policy"
  chmod +x "$policy"
}

# The tests skip what they cannot run, unless they are told not to.
give_up() {
  echo "tools.sh: $1; tests with real nodes can't run" >&2
  [[ "${DRAY_TEST_REQUIRE:-}" != 1 ]]
}

main "$@"
