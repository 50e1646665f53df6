# shellcheck shell=bash
# Sourced by dev: finds JDK 25 and the build's tools, installs by apt-get what is missing, exports JAVA_HOME.

install_packages() {
    local as_root=()
    [ "$(id -u)" -eq 0 ] || as_root=(sudo)
    echo "installing $*" >&2
    if ! "${as_root[@]}" apt-get install -y --no-install-recommends "$@" >/dev/null 2>&1; then
        "${as_root[@]}" apt-get update >/dev/null
        DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -y --no-install-recommends "$@" >/dev/null
    fi
}

is_jdk_25() {
    [ -x "$1/bin/javac" ] && [ -x "$1/bin/jlink" ] && grep -qs '^JAVA_VERSION="25' "$1/release"
}

find_jdk() {
    local candidate on_path
    on_path=$(command -v javac || true)
    [ -z "$on_path" ] || on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")
    for candidate in "${JAVA_HOME:-}" /usr/lib/jvm/*25* "$on_path"; do
        if [ -n "$candidate" ] && is_jdk_25 "$candidate"; then
            JAVA_HOME=$candidate
            return 0
        fi
    done
    return 1
}

missing=()
command -v gcc >/dev/null || missing+=(gcc)
[ -e /usr/include/stdio.h ] || missing+=(libc6-dev)
command -v make >/dev/null || missing+=(make)
command -v mvn >/dev/null || missing+=(maven)
command -v objdump >/dev/null || missing+=(binutils)
[ -e /usr/include/zstd.h ] || missing+=(libzstd-dev)
[ -e /usr/include/lz4.h ] || missing+=(liblz4-dev)
[ -e /usr/include/openssl/ssl.h ] || missing+=(libssl-dev)
# Tests hold certificates against openssl, make a network namespace with small socket buffers, and look at a
# terminal's jobs.
command -v openssl >/dev/null || missing+=(openssl)
[ -x /usr/sbin/ip ] || missing+=(iproute2)
[ -x /usr/sbin/sysctl ] || missing+=(procps)
[ ${#missing[@]} -eq 0 ] || install_packages "${missing[@]}"

if ! find_jdk; then
    for package in openjdk-25-jdk-headless temurin-25-jdk; do
        install_packages "$package" || true
        ! find_jdk || break
    done
    if ! find_jdk; then
        echo "JDK 25 is not here and not among the machine's packages: install one and set JAVA_HOME to it" >&2
        exit 69
    fi
fi
export JAVA_HOME
export PATH="$JAVA_HOME/bin:$PATH"
# Maven 3.8's own libraries use what JDK 25 warns of.
export MAVEN_OPTS="--sun-misc-unsafe-memory-access=allow --enable-native-access=ALL-UNNAMED ${MAVEN_OPTS:-}"
