import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

const cache = join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/root', '.cache'), 'tscompose-bench')

/** The docker compose 2.26 of Debian trixie, fetched once by apt from the mirror this machine uses. */
export function dockerCompose(): string {
  const binary = join(cache, 'root/usr/libexec/docker/cli-plugins/docker-compose')
  if (existsSync(binary)) return binary
  mkdirSync(join(cache, 'lists/partial'), { recursive: true })
  const script = `
    set -eu; cd "$1"
    mirror=$(grep -rhoE 'https?://[^ ]*/debian/?( |$)' /etc/apt/sources.list /etc/apt/sources.list.d | head -n 1)
    echo "deb [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $mirror trixie main" > sources.list
    set -- -qq -o Dir::Etc::SourceList="$PWD/sources.list" -o Dir::Etc::SourceParts=/dev/null \\
      -o Dir::State::lists="$PWD/lists" -o Dir::Cache="$PWD" -o APT::Sandbox::User=root
    apt-get "$@" update
    apt-get "$@" download docker-compose
    dpkg -x docker-compose_*.deb root`
  execFileSync('bash', ['-c', script, 'bench', cache], { stdio: ['ignore', 'ignore', 'inherit'] })
  return binary
}
