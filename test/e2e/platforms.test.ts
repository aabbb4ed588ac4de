import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageArchives, newMachine, skip } from './machine.ts'
import { startRegistryProcess } from './registry-process.ts'

const both = 'linux/amd64,linux/arm64'
const dockerfile = `FROM --platform=$BUILDPLATFORM alpine AS cross
ARG TARGETPLATFORM TARGETARCH BUILDPLATFORM
RUN echo "$TARGETPLATFORM $TARGETARCH made on $BUILDPLATFORM" > /out
FROM scratch
COPY --from=cross /out /out
COPY same /same
CMD ["/out"]
`

test('an image for several platforms goes wherever images go', { skip, timeout: 240_000 }, async t => {
  if (process.arch !== 'x64') return t.skip('the platforms of this test are those of amd64')
  const machine = await newMachine(t)
  const registry = await startRegistryProcess(machine, '')
  await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
  const cwd = await machine.project('platforms', {
    Dockerfile: dockerfile,
    same: 'for all\n',
    'needs-arm/Dockerfile': 'FROM alpine\nRUN true\n',
    'compose.yaml': `services:
  app:
    image: ${registry}/composed:1
    build: { context: ., platforms: [linux/amd64, linux/arm64] }
`,
  })
  const name = `${registry}/multi:1`
  const run = (...args: string[]) => machine.run(args, { cwd })
  const ok = (...args: string[]) => machine.ok(args, { cwd })
  const architectureOf = (reference: string, ...flags: string[]) =>
    ok('image', 'inspect', ...flags, '-f', '{{.Architecture}}', reference)
  const skopeo = (...args: string[]) => {
    const { status, stdout, stderr } = spawnSync('skopeo', args, { encoding: 'utf8' })
    assert.equal(status, 0, stderr)
    return JSON.parse(stdout)
  }

  await t.test('build: each platform with its own arguments; to the store, an archive, directories', async () => {
    const outputs = ['-o', 'files', '-o', 'type=oci,dest=oci.tar']
    const notes = ['--annotation', 'index:of=both', '--annotation', 'manifest[linux/arm64]:only=arm']
    await ok('image', 'build', '-q', '--platform', both, ...notes, '-t', name, ...outputs, '.')
    assert.equal(await architectureOf(name), 'amd64\n')
    assert.equal(await architectureOf(name, '--platform', 'linux/arm64'), 'arm64\n')
    const out = (directory: string) => readFileSync(join(cwd, 'files', directory, 'out'), 'utf8')
    assert.equal(out('linux_amd64'), 'linux/amd64 amd64 made on linux/amd64\n')
    assert.equal(out('linux_arm64'), 'linux/arm64 arm64 made on linux/amd64\n')
    const index = skopeo('inspect', '--raw', `oci-archive:${join(cwd, 'oci.tar')}`)
    assert.deepEqual(
      index.manifests.map(({ platform }: { platform: object }) => platform),
      [
        { os: 'linux', architecture: 'amd64' },
        { os: 'linux', architecture: 'arm64' },
      ],
    )
    assert.deepEqual(index.annotations, { of: 'both' })
    const tree = await ok('image', 'ls', '--tree')
    assert.match(tree, /multi:1 [^]*├─ linux\/amd64 [^]*└─ linux\/arm64 /)
  })

  await t.test('what cannot be for several platforms says so', async () => {
    const docker = await run('image', 'build', '--platform', both, '-o', 'type=docker,dest=x.tar', '.')
    assert.match(docker.stderr, /docker exporter does not currently support exporting manifest lists/)
    const one = await run('image', 'build', '--annotation', 'index:a=b', '.')
    assert.match(one.stderr, /index annotations not supported for single platform export/)
    if (existsSync('/proc/sys/fs/binfmt_misc/qemu-s390x')) return
    await ok('image', 'build', '-q', '--platform', 'linux/s390x', '-t', 'foreign', '.')
    const foreign = await run(
      'image',
      'build',
      '--platform',
      'linux/s390x',
      '--build-context',
      'alpine=docker-image://foreign',
      'needs-arm',
    )
    assert.match(foreign.stderr, /cannot run programs for linux\/s390x: no emulator [^]*qemu-user-static/)
  })

  await t.test('push: the index, with all there is; one platform alone', async () => {
    assert.match(await ok('image', 'push', name), /1: digest: sha256:[0-9a-f]{64}/)
    const raw = skopeo('inspect', '--raw', '--tls-verify=false', `docker://${name}`)
    assert.equal(raw.manifests.length, 2)
    const arm = skopeo('inspect', '--tls-verify=false', '--override-arch=arm64', `docker://${name}`)
    assert.equal(arm.Architecture, 'arm64')
    await ok('image', 'tag', name, `${registry}/single:1`)
    await ok('image', 'push', '--platform', 'linux/arm64', `${registry}/single:1`)
    assert.equal(skopeo('inspect', '--raw', '--tls-verify=false', `docker://${registry}/single:1`).manifests, undefined)
  })

  await t.test('pull: this machine’s platform, another one beside it; containers of either', async () => {
    await ok('image', 'rm', name, `${registry}/single:1`)
    await ok('image', 'pull', '-q', name)
    const asked = await run('container', 'create', '--pull=never', '--platform', 'linux/arm64', name)
    assert.match(asked.stderr, /does not match the specified platform: wanted linux\/arm64, actual: linux\/amd64/)
    await ok('image', 'pull', '-q', '--platform', 'linux/arm64', name)
    assert.equal(await architectureOf(name), 'amd64\n')
    const id = await ok('image', 'inspect', '--platform', 'linux/arm64', '-f', '{{.Id}}', name)
    await ok('container', 'create', '--name', 'foreign', '--platform', 'linux/arm64', name)
    assert.equal(await ok('container', 'inspect', '-f', '{{.Image}}', 'foreign'), id)
    assert.match(await ok('container', 'ls', '-a', '--filter', `ancestor=${name}`), / foreign\n/)
    const refused = await run('image', 'rm', '--platform', 'linux/arm64', name)
    assert.match(refused.stderr, /container [0-9a-f]{12} is using its referenced image/)
    await ok('container', 'rm', 'foreign')
    await ok('image', 'rm', '--platform', 'linux/arm64', name)
    assert.notEqual((await run('image', 'inspect', '--platform', 'linux/arm64', name)).code, 0)
    assert.equal(await architectureOf(name), 'amd64\n')
  })

  await t.test('Compose: services for different platforms of one image each get theirs', async () => {
    await ok('image', 'rm', name)
    const project = await machine.project('mixed', {
      'compose.yaml': ['amd64', 'arm64']
        .map(arch => `  ${arch}: { image: "${name}", platform: linux/${arch}, network_mode: none }\n`)
        .reduce((text, service) => text + service, 'services:\n'),
    })
    const inProject = (...args: string[]) => machine.ok(args, { cwd: project })
    await inProject('create')
    const images = await inProject('container', 'inspect', '-f', '{{.Image}}', 'mixed-amd64-1', 'mixed-arm64-1')
    const ids = await Promise.all(
      ['linux/amd64', 'linux/arm64'].map(one => ok('image', 'inspect', '--platform', one, '-f', '{{.Id}}', name)),
    )
    assert.equal(images, ids.join(''))
    assert.doesNotMatch((await machine.run(['create'], { cwd: project })).stderr, /Recreate|Pull/)
    await inProject('down')
    await ok('image', 'rm', '--platform', 'linux/arm64', name)
  })

  await t.test('save and load', async () => {
    await ok('image', 'pull', '-q', '--platform', 'linux/arm64', name)
    await ok('image', 'save', '-o', 'saved.tar', name)
    await ok('image', 'rm', name)
    assert.equal(await ok('image', 'load', '-q', '-i', 'saved.tar'), `Loaded image: ${name}\n`)
    assert.equal(await architectureOf(name, '--platform', 'linux/arm64'), 'arm64\n')
    assert.equal(await architectureOf(name), 'amd64\n')
  })

  await t.test('Compose: build makes all platforms, up the one that containers run on; push', async () => {
    await ok('build')
    assert.equal(await architectureOf(`${registry}/composed:1`, '--platform', 'linux/arm64'), 'arm64\n')
    await ok('push', '-q')
    assert.equal(
      skopeo('inspect', '--raw', '--tls-verify=false', `docker://${registry}/composed:1`).manifests.length,
      2,
    )
    await ok('create', '--build')
    assert.notEqual((await run('image', 'inspect', '--platform', 'linux/arm64', `${registry}/composed:1`)).code, 0)
    await ok('down')
  })
})
