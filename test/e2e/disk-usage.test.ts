import assert from 'node:assert/strict'
import { globSync, lstatSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import type { SystemDataUsage } from '../../src/engine/api.ts'
import { imageArchives, newMachine, skip } from './machine.ts'

const compose = `name: usage
services:
  app:
    image: usage-app
    build:
      dockerfile_inline: |
        FROM busybox
        RUN --mount=type=cache,target=/cache head -c 300000 /dev/urandom > /cache/kept
        RUN head -c 200000 /dev/urandom > /made
    command: sh -c 'head -c 100000 /dev/urandom > /written; head -c 50000 /dev/urandom > /data/stored; sleep 600'
    volumes: [data:/data]
volumes: { data: {} }
`

/** Bytes of all files below a directory. */
const bytesBelow = (directory: string): number =>
  globSync(join(directory, '**'), { withFileTypes: true })
    .filter(entry => entry.isFile())
    .reduce((sum, { parentPath, name }) => sum + lstatSync(join(parentPath, name)).size, 0)

test('every byte is told, and what nothing uses can be pruned', { skip, timeout: 120_000 }, async t => {
  const machine = await newMachine(t)
  const data = join(machine.dir, 'data')
  await machine.ok(['image', 'load', '-i', imageArchives('busybox')[0] ?? ''])
  const cwd = await machine.project('usage', { 'compose.yaml': compose })
  machine.defer(() => machine.run(['down', '-v', '-t', '0'], { cwd }))
  await machine.ok(['up', '-d', '--build'], { cwd })
  const usage = async (): Promise<SystemDataUsage> =>
    JSON.parse(await machine.ok(['system', 'df', '-v', '--format', 'json']))
  const docker = (...args: string[]) => machine.dockerOk(args)
  const rows = async (text: Promise<string>) =>
    (await text)
      .trim()
      .split('\n')
      .map(line => line.split(/ {2,}/).slice(0, 4))

  await t.test('images and the build cache are all that is in the store', async () => {
    while ((await usage()).Volumes?.[0]?.UsageData?.Size !== 50_000) {} // until the program has written it
    const { LayersSize, BuilderSize, Images, BuildCache, Containers, DataRoot } = await usage()
    const mounts = BuildCache?.find(({ Type }) => Type === 'exec.cachemount')
    assert.ok((mounts?.Size ?? 0) >= 300_000, 'cache mounts count')
    assert.equal(Containers?.[0]?.SizeRw, 100_000)
    const store = bytesBelow(join(data, 'images/layers')) + bytesBelow(join(data, 'images/content'))
    assert.equal(LayersSize + BuilderSize - (mounts?.Size ?? 0), store)
    const shared = Images?.find(({ RepoTags }) => RepoTags.includes('busybox:latest'))?.SharedSize ?? 0
    const unique = (Images ?? []).reduce((sum, { Size, SharedSize }) => sum + Size - SharedSize, 0)
    assert.equal(unique + shared, LayersSize)
    assert.ok((DataRoot?.Parts.images ?? 0) > store)
    assert.equal(
      DataRoot?.Size,
      Object.values(DataRoot?.Parts ?? {}).reduce((sum, size) => sum + size, 0),
    )
  })
  await t.test('docker reads the same table', async () => {
    const ours = await rows(machine.ok(['system', 'df']))
    assert.deepEqual(
      ours.map(([type]) => type),
      ['TYPE', 'Images', 'Containers', 'Local Volumes', 'Build Cache'],
    )
    assert.deepEqual(await rows(docker('system', 'df')), ours)
    const text = await machine.ok(['system', 'df', '-v'])
    for (const title of ['Images', 'Containers', 'Local Volumes']) assert.ok(text.includes(`${title} space usage:\n\n`))
    assert.match(text, /\nAll of .*\/data, with logs and the engine's own files: .*\n\nNAME +SIZE\n/)
    const images = text
      .split('\n\n')[1]
      ?.split('\n')
      .map(line => line.split(/ {2,}/)[0])
    assert.deepEqual([...new Set(images)], ['REPOSITORY', 'usage-app', 'busybox'])
    assert.match(await docker('system', 'df', '-v'), /Images space usage/)
  })
  await t.test('nothing that is used is pruned', async () => {
    const pruned = await machine.ok(['system', 'prune', '-a', '-f', '--filter', 'until=500000h'])
    assert.equal(pruned, 'Total reclaimed space: 0B\n')
    const text = await machine.ok(['system', 'prune', '-a', '-f', '--volumes', '--filter', 'label!=keep'])
    assert.match(text, /^Deleted Images:\nuntagged: busybox:latest\n/)
    assert.doesNotMatch(text, /usage-app|Deleted (Containers|Networks|Volumes|build)/)
    assert.match(await machine.ok(['image', 'ls']), /usage-app/)
    assert.match(await machine.ok(['ps'], { cwd }), /Up/)
  })
  await t.test('a prune tells what it is going to do, and does nothing unless it is told yes', async () => {
    const { code, stderr } = await machine.run(['system', 'prune', '--volumes', '--filter', 'until=1h'])
    assert.equal(code, 1)
    assert.match(stderr, /The "until" filter is not supported with "--volumes"/)
    assert.equal(await machine.ok(['system', 'prune', '-a']), '')
  })
  await t.test('what has been used goes, with its bytes', async () => {
    await machine.ok(['stop', '-t', '0'], { cwd })
    const before = await usage()
    const text = await machine.ok(['system', 'prune', '-a', '-f'])
    for (const title of ['Containers', 'Networks', 'Images', 'build cache objects'])
      assert.ok(text.includes(`Deleted ${title}:\n`), `${title} in ${text}`)
    const bytes = before.LayersSize + before.BuilderSize + 100_000
    const { humanSize } = await import('../../src/cli/output/human-size.ts')
    assert.ok(text.endsWith(`\nTotal reclaimed space: ${humanSize(bytes)}\n`), `${text} not ${bytes}`)
    const after = await usage()
    assert.deepEqual([after.LayersSize, after.BuilderSize, after.Volumes?.length], [0, 0, 1])
    assert.equal(bytesBelow(join(data, 'images/content')), 0)
  })
})
