import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { createReadStream, existsSync, linkSync, mkdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** The image that the benchmark moves about, as the registry has it and as an archive of `docker save`. */
export interface ImageFixture {
  /** The layers, lowest first, compressed with gzip as Docker does. */
  readonly layers: readonly string[]
  /** An OCI image layout with the one image, tagged `1`. */
  readonly layout: string
  /** What `docker save` wrote before Docker 25: its layers are not compressed. */
  readonly archive: string
}

const cache = join(process.env.XDG_CACHE_HOME ?? join(process.env.HOME ?? '/root', '.cache'), 'tscompose-bench/image')

/** What stands above the base system, a layer each: large programs, and the many small files of C++ libraries. */
const packages = ['nodejs', 'python3 python3-pip', 'perl', 'libboost-dev', 'nginx redis-server']

/**
 * Six layers of Debian packages, about 550 MB: made once, with apt from the mirror this machine uses.
 * @param base an archive of the test image `debian`, for the lowest layer
 */
export async function imageFixture(base: string): Promise<ImageFixture> {
  const layers = ['base', ...packages.keys()].map(name => join(cache, `${name}.tar.gz`))
  const layout = join(cache, 'oci')
  const archive = join(cache, 'docker.tar')
  if (!existsSync(archive)) {
    rmSync(cache, { recursive: true, force: true })
    mkdirSync(cache, { recursive: true })
    execFileSync('bash', ['-c', makeLayers, 'bench', cache, base, ...packages], {
      stdio: ['ignore', 'ignore', 'inherit'],
    })
    await writeLayout(layout, layers)
    execFileSync('skopeo', ['copy', '-q', `oci:${layout}:1`, `docker-archive:${archive}.new:bench:1`])
    renameSync(`${archive}.new`, archive)
  }
  return { layers, layout, archive }
}

/** apt takes the machine for one without a package; so a layer has all that its packages need, but what one below has. */
const makeLayers = `
  set -eu; cd "$1"; base=$2; shift 2
  tar -xf "$base" -O "$(tar -xf "$base" -O manifest.json | grep -o 'blobs/sha256/[0-9a-f]*' | tail -n 1)" > base.tar.gz
  mkdir -p apt/archives/partial; : > apt/status
  layer=0
  for wanted; do
    # shellcheck disable=SC2086
    apt-get -qq -y --no-install-recommends -o Dir::State::status="$PWD/apt/status" -o Dir::Cache="$PWD/apt" \\
      -o APT::Sandbox::User=root -o Debug::NoLocking=1 --download-only install $wanted
    for name in bin sbin lib lib64; do mkdir -p "tree/usr/$name"; ln -s "usr/$name" "tree/$name"; done # as in the base
    for package in apt/archives/*.deb; do
      [ ! -e "$package.done" ] || continue # is in a layer already
      dpkg-deb --fsys-tarfile "$package" | tar -x --keep-directory-symlink -C tree
      : > "$package.done"
    done
    tar --sort=name --numeric-owner -C tree -c . | gzip -n > "$layer.tar.gz"
    rm -r tree
    layer=$((layer + 1))
  done
  rm -r apt`

async function writeLayout(layout: string, layers: readonly string[]): Promise<void> {
  const blobs = join(layout, 'blobs/sha256')
  mkdirSync(blobs, { recursive: true })
  const put = (kind: string, value: unknown) => {
    const text = JSON.stringify(value)
    const hex = createHash('sha256').update(text).digest('hex')
    writeFileSync(join(blobs, hex), text)
    return { mediaType: `application/vnd.oci.image.${kind}.v1+json`, digest: `sha256:${hex}`, size: text.length }
  }
  const descriptors: object[] = []
  const diffIds: string[] = []
  for (const layer of layers) {
    const hex = await sha256(layer)
    linkSync(layer, join(blobs, hex))
    const mediaType = 'application/vnd.oci.image.layer.v1.tar+gzip'
    descriptors.push({ mediaType, digest: `sha256:${hex}`, size: statSync(layer).size })
    diffIds.push(
      `sha256:${execFileSync('sh', ['-c', 'gzip -dc "$1" | sha256sum', '-', layer]).toString().slice(0, 64)}`,
    )
  }
  const config = put('config', {
    architecture: process.arch === 'arm64' ? 'arm64' : 'amd64',
    os: 'linux',
    created: '2025-01-01T00:00:00Z',
    config: { Cmd: ['sh'], Env: ['PATH=/usr/sbin:/usr/bin:/sbin:/bin'] },
    rootfs: { type: 'layers', diff_ids: diffIds },
    history: layers.map(() => ({ created: '2025-01-01T00:00:00Z' })),
  })
  const mediaType = 'application/vnd.oci.image.manifest.v1+json'
  const manifest = put('manifest', { schemaVersion: 2, mediaType, config, layers: descriptors })
  const annotations = { 'org.opencontainers.image.ref.name': '1' }
  const index = { schemaVersion: 2, manifests: [{ ...manifest, annotations }] }
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index))
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}')
}

async function sha256(file: string): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of createReadStream(file)) hash.update(chunk)
  return hash.digest('hex')
}
