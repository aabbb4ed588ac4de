import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { lstatSync, mkdirSync, readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { startDockerd } from './dockerd.ts'
import { imageArchives, newMachine, skip } from './machine.ts'

/** Everything that a layer can hold besides plain files: links of both kinds, a pipe, owners, whiteouts of both kinds. */
const dockerfile = `FROM alpine
ARG SOURCE_DATE_EPOCH
WORKDIR /srv/app
COPY src/ .
RUN rm /etc/alpine-release && rm -rf /media && mkdir /media && echo new > /media/new
RUN mkdir -p deep/er && echo built > deep/er/x && ln deep/er/x hard && chown 5:6 hard && chmod 4755 hard && mknod pipe p
ENV GREETING=hello
LABEL kept="yes and no"
USER 1000:1000
EXPOSE 80
VOLUME /data
STOPSIGNAL SIGUSR1
HEALTHCHECK --interval=7s CMD true
CMD ["sh", "-c", "echo $GREETING $(cat deep/er/x file)"]
`
const projectFor = (tag: string) => ({
  Dockerfile: dockerfile,
  'src/file': 'from the context',
  'src/below/another': 'another',
  'compose.yaml': `{ name: output, services: { a: { build: ., image: "${tag}" } } }`,
})

function program(name: string, ...args: string[]): string {
  const { status, stdout, stderr } = spawnSync(name, args, { encoding: 'utf8' })
  assert.equal(status, 0, `${name} ${args.join(' ')}: ${stderr}`)
  return stdout
}

/** What is in a directory: names, types, modes, owners, numbers of links, times, contents. */
function listing(directory: string, path = ''): readonly string[] {
  const names = readdirSync(join(directory, path)).sort()
  return names.flatMap(name => {
    const inside = join(path, name)
    const file = join(directory, inside)
    const stat = lstatSync(file)
    const line = `${inside} ${stat.mode.toString(8)} ${stat.uid}:${stat.gid} ${stat.mtimeMs}`
    if (stat.isDirectory()) return [line, ...listing(directory, inside)]
    if (stat.isSymbolicLink()) return [`${line} -> ${readlinkSync(file)}`]
    return [`${line} ${stat.nlink} ${stat.isFile() ? readFileSync(file) : ''}`]
  })
}

test('what was built is an image for everybody', { skip, timeout: 120_000 }, async t => {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
  const build = ['build', '--build-arg', 'SOURCE_DATE_EPOCH=1000000000']
  await machine.ok(build, { cwd: await machine.project('output', projectFor('output:1')) })
  const archive = join(machine.dir, 'output.tar')
  await machine.ok(['image', 'save', '-o', archive, 'output:1'])
  /** The files of a container, by its archive. */
  const unpack = (name: string, tar: string) => {
    const directory = join(machine.dir, name)
    mkdirSync(directory)
    program('tar', '-xf', tar, '-C', directory)
    return directory
  }
  const written = (root: string) => [...listing(join(root, 'srv')), ...listing(join(root, 'media'))]
  const layout = join(machine.dir, 'layout')
  const umoci = join(machine.dir, 'umoci')

  await t.test('skopeo takes it as an OCI archive and as one of Docker', () => {
    program('skopeo', 'copy', '--insecure-policy', '--quiet', `oci-archive:${archive}:1`, `oci:${layout}:1`)
    const own = program('skopeo', 'inspect', '--config', '--raw', `oci-archive:${archive}:1`)
    const dockers = program('skopeo', 'inspect', '--config', '--raw', `docker-archive:${archive}`)
    assert.equal(own, dockers)
    assert.deepEqual(JSON.parse(own).config.Healthcheck, { Test: ['CMD-SHELL', 'true'], Interval: 7e9 })
    assert.equal(JSON.parse(own).created, '2001-09-09T01:46:40.000Z')
  })

  await t.test('umoci unpacks it, with everything that a layer can hold', async () => {
    program('umoci', 'unpack', '--image', `${layout}:1`, umoci)
    const rootfs = join(umoci, 'rootfs')
    const lines = listing(join(rootfs, 'srv/app'))
    const time = 1_000_000_000_000
    assert.deepEqual(lines, [
      `below 40755 0:0 ${time}`,
      `below/another 100644 0:0 ${time} 1 another`,
      `deep 40755 0:0 ${time}`,
      `deep/er 40755 0:0 ${time}`,
      `deep/er/x 104755 5:6 ${time} 2 built\n`,
      `file 100644 0:0 ${time} 1 from the context`,
      `hard 104755 5:6 ${time} 2 built\n`,
      `pipe 10644 0:0 ${time} 1 `,
    ])
    assert.deepEqual(readdirSync(join(rootfs, 'media')), ['new'])
    assert.ok(!readdirSync(join(rootfs, 'etc')).includes('alpine-release'))
    const { process: started } = JSON.parse(readFileSync(join(umoci, 'config.json'), 'utf8'))
    assert.equal(started.cwd, '/srv/app')
    assert.deepEqual(started.user, { uid: 1000, gid: 1000 })
    await machine.ok(['container', 'create', '--name', 'exported', 'output:1'])
    const ours = join(machine.dir, 'ours.tar')
    await machine.ok(['container', 'export', '-o', ours, 'exported'])
    // The archive says that nothing is younger than SOURCE_DATE_EPOCH; what RUN has written here is.
    const timeless = (lines: readonly string[]) => lines.map(line => line.replace(/ \d{12,}\b/, ''))
    assert.deepEqual(timeless(written(unpack('ours', ours))), timeless(written(rootfs)))
    await machine.ok(['container', 'rm', 'exported'])
  })

  await t.test('Docker loads it, keeps its id, and runs it', async t => {
    const { docker } = await startDockerd(t)
    const loaded = docker(['load', '-i', archive])
    assert.match(loaded.stdout, /Loaded image: output:1/, loaded.stderr)
    const id = await machine.ok(['image', 'inspect', '-f', '{{.Id}}', 'output:1'])
    assert.equal(docker(['image', 'inspect', '-f', '{{.Id}}', 'output:1']).stdout, id)
    const run = docker(['run', '--name', 'one', '--network=none', 'output:1'])
    assert.equal(run.stdout, 'hello built from the context\n', run.stderr)
    const theirs = join(machine.dir, 'theirs.tar')
    assert.equal(docker(['export', '-o', theirs, 'one']).code, 0)
    assert.deepEqual(written(unpack('theirs', theirs)), written(join(umoci, 'rootfs')))
  })
})

test('the same inputs with SOURCE_DATE_EPOCH make the same image, wherever and whenever', { skip }, async t => {
  const digests: string[] = []
  for (const place of ['here', 'elsewhere/and/later']) {
    // Nothing of the first build is known to the second.
    const machine = await newMachine(t)
    await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
    const cwd = await machine.project(place, projectFor('same:1'))
    await utimes(join(cwd, 'src/file'), digests.length, digests.length)
    await machine.ok(['build', '--build-arg', 'SOURCE_DATE_EPOCH=1000000000'], { cwd })
    const archive = join(machine.dir, 'same.tar')
    await machine.ok(['image', 'save', '-o', archive, 'same:1'])
    digests.push(program('skopeo', 'inspect', '--format', '{{.Digest}}', `oci-archive:${archive}:1`))
  }
  assert.equal(digests[0], digests[1])
})
