import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import { buildImage, buildIndex } from '../image/image-builder.ts'
import { file, tar } from '../image/tar-builder.ts'
import { imageArchives, newMachine, resultOf, skip } from './machine.ts'

/** The flags of docker's help: `-a, --all` as both. */
const flagsOf = (help: string): readonly string[] =>
  [...help.matchAll(/^ +(?:(-\w), +)?(--[\w-]+)/gm)].flatMap(
    ([, short, long]) => [short, long].filter(Boolean) as string[],
  )

/** What two programs say of the same: a second may lie between them, and docker fills the last column of its tables. */
const plain = (text: string): string =>
  text
    .replace(/(?:About an? \w+|Less than a second|\d+ \w+) ago/g, 'AGO')
    .replace(/ {2,}/g, '  ')
    .replace(/ +$/gm, '')

const options = { skip, timeout: 120_000 }

test('every flag of docker image is one of ours', options, async t => {
  const machine = await newMachine(t)
  const help = (program: string, ...args: string[]) =>
    execFileSync(program, [...args, '--help'], { encoding: 'utf8', env: machine.env, stdio: 'pipe' })
  const commands = [...help('docker', 'image').matchAll(/^ {2}(\w+) {2,}/gm)].map(([, name = '']) => name)
  assert.ok(commands.includes('pull'))
  for (const path of [
    ...commands.filter(name => name !== 'build').map(name => ['image', name]),
    ['system', 'df'],
    ['system', 'prune'],
  ])
    await t.test(path.join(' '), async () => {
      const ours = flagsOf(await machine.ok([...path, '--help']))
      // It has been taken for granted since 2016.
      const missing = flagsOf(help('docker', ...path)).filter(flag => !ours.includes(flag) && flag !== '--no-prune')
      assert.deepEqual(missing, [])
    })
})

test('what the commands of images print is what docker prints', options, async t => {
  const machine = await newMachine(t)
  const docker = (...args: string[]) => machine.dockerOk(args)
  /** Both print the same. */
  const same = async (...args: string[]) => {
    const ours = await machine.ok(['image', ...args])
    assert.equal(plain(await docker('image', ...args)), plain(ours), args.join(' '))
    return ours
  }
  const archive = imageArchives('busybox')[0] ?? ''
  const at = (name: string) => join(machine.dir, name)

  await t.test('load: -i, standard input, -q', async () => {
    assert.match(await machine.ok(['image', 'load', '-q', '-i', archive]), /^Loaded image: busybox:/)
    const load = machine.start(['image', 'load', '-q'])
    load.stdin?.end(readFileSync(archive))
    assert.match((await resultOf(load)).stdout, /^Loaded image: busybox:/)
  })
  await t.test('import: a file, standard input, a URL; with instructions, a message and a platform', async () => {
    writeFileSync(at('root.tar'), tar(file('bin/x', 'x')))
    const changes = ['-c', 'CMD ["/bin/x"]', '-c', 'ENV A=b', '--change', 'LABEL kind=imported']
    const more = ['-m', 'by hand', '--platform', 'linux/arm64']
    const id = await machine.ok(['image', 'import', ...changes, ...more, at('root.tar'), 'imported:1'])
    assert.match(id, /^sha256:[0-9a-f]{64}\n$/)
    const [image] = JSON.parse(await machine.ok(['image', 'inspect', 'imported:1']))
    assert.partialDeepStrictEqual(image, {
      Id: id.trim(),
      Comment: 'by hand',
      Architecture: 'arm64',
      Config: { Cmd: ['/bin/x'], Env: ['A=b'], Labels: { kind: 'imported' } },
    })
    const piped = machine.start(['image', 'import', '-', 'imported:2'])
    piped.stdin?.end(readFileSync(at('root.tar')))
    assert.equal((await resultOf(piped)).code, 0)
    const server = createServer((_, response) => response.end(readFileSync(at('root.tar'))))
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    machine.defer(() => server.close())
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/root.tar`
    await machine.ok(['image', 'import', url, 'imported:3'])
    const layers = '{{json .RootFS.Layers}}'
    const [first, ...others] = await Promise.all(
      ['1', '2', '3'].map(tag => machine.ok(['image', 'inspect', '-f', layers, `imported:${tag}`])),
    )
    assert.deepEqual(others, [first, first])
  })
  await t.test('ls, with its filters and forms', async () => {
    const all = await same('ls')
    assert.match(all, /^REPOSITORY +TAG +IMAGE ID +CREATED +SIZE\n/)
    for (const args of [
      ['-a'],
      ['-q'],
      ['-q', '--no-trunc'],
      ['--digests'],
      ['--no-trunc'],
      ['--format', '{{.Repository}}:{{.Tag}} {{.ID}} {{.Size}}'],
      ['--format', 'table {{.Tag}}\t{{.ID}}'],
      ['imported'],
      ['imported:2'],
      ['-f', 'label=kind=imported'],
      ['-f', 'reference=imp*:3'],
      ['-f', 'before=imported:3'],
      ['-f', 'since=imported:1'],
      ['-f', 'until=1ms'],
      ['-f', 'until=24h'],
      ['-f', 'dangling=true'],
    ])
      await same('ls', ...args)
    const names = async (...filters: string[]) =>
      (
        await machine.ok([
          'image',
          'ls',
          '--format',
          '{{.Repository}}:{{.Tag}}',
          ...filters.flatMap(one => ['-f', one]),
        ])
      )
        .split('\n')
        .filter(name => name.startsWith('imported'))
    assert.deepEqual(await names('label=kind'), ['imported:1'])
    assert.deepEqual(await names('since=imported:1', 'before=imported:3'), ['imported:2'])
    assert.deepEqual(await names('until=24h'), [])
    const [row] = (await machine.ok(['image', 'ls', '--format', 'json', 'imported:1']))
      .trim()
      .split('\n')
      .map(line => JSON.parse(line))
    assert.partialDeepStrictEqual(row, { Repository: 'imported', Tag: '1', Digest: '<none>' })
  })
  await t.test('history, with its forms', async () => {
    for (const args of [[], ['-q'], ['--no-trunc'], ['-H=false'], ['--format', '{{.ID}} {{.CreatedBy}} {{.Comment}}']])
      await same('history', ...args, 'imported:1')
    await same('history', '--no-trunc', 'busybox')
  })
  await t.test('an image for another platform is not the one that is meant', async () => {
    for (const args of [
      ['inspect', '--platform', 'linux/s390x', 'imported:1'],
      ['history', '--platform', 'linux/s390x', 'imported:1'],
      ['save', '--platform', 'linux/s390x', '-o', at('none.tar'), 'imported:1'],
      ['rm', '--platform', 'linux/s390x', 'imported:1'],
    ]) {
      const { code, stderr } = await machine.run(['image', ...args])
      assert.equal(code, 1)
      assert.match(stderr, /imported:1 was found but does not provide the specified platform \(linux\/s390x\)/)
    }
    assert.equal(existsSync(at('none.tar')), false)
    await machine.ok(['image', 'save', '--platform', 'linux/arm64', '-o', at('some.tar'), 'imported:1'])
  })
  await t.test('save: several images; load: one platform of several', async () => {
    await machine.ok(['image', 'save', '-o', at('both.tar'), 'imported:1', 'imported:2', 'busybox'])
    const [host, other] = [buildImage([[file('a', 'x')]]), buildImage([[file('b', 'y')]], { architecture: 's390x' })]
    const index = buildIndex([
      { image: host, architecture: process.arch === 'x64' ? 'amd64' : process.arch },
      { image: other, architecture: 's390x' },
    ])
    const { createHash } = await import('node:crypto')
    const digest = createHash('sha256').update(index).digest('hex')
    const annotations = { 'io.containerd.image.name': 'docker.io/library/multi:1' }
    const top = {
      manifests: [
        {
          mediaType: 'application/vnd.oci.image.index.v1+json',
          digest: `sha256:${digest}`,
          size: index.length,
          annotations,
        },
      ],
    }
    const blobs = [...host.blobs, ...other.blobs].map(([name, bytes]) => file(`blobs/sha256/${name.slice(7)}`, bytes))
    writeFileSync(
      at('multi.tar'),
      tar(
        ...blobs,
        file(`blobs/sha256/${digest}`, index),
        file('index.json', JSON.stringify({ schemaVersion: 2, ...top })),
      ),
    )
    await machine.ok(['image', 'load', '-i', at('multi.tar')])
    assert.equal(await machine.ok(['image', 'ls', '-q', '--no-trunc', 'multi:1']), `${host.id}\n`)
    await machine.ok(['image', 'load', '--platform', 'linux/s390x', '-i', at('multi.tar')])
    const loaded = await machine.ok(['image', 'inspect', '--platform', 'linux/s390x', '-f', '{{.Id}}', 'multi:1'])
    assert.equal(loaded, `${other.id}\n`)
    const wrong = await machine.run(['image', 'load', '--platform', 'linux/mips', '-i', at('multi.tar')])
    assert.match(wrong.stderr, /no matching manifest for linux\/mips/)
  })
  await t.test('search, with its filters and forms', async () => {
    const results = [
      { name: 'team/app', description: 'The\n app', star_count: 7, is_official: false },
      {
        name: 'nginx',
        description: 'A long description that goes on and on and on, and on',
        star_count: 9,
        is_official: true,
      },
    ]
    const asked: string[] = []
    const server = createServer((request, response) => {
      asked.push(request.url ?? '')
      response.end(JSON.stringify({ num_results: 2, results }))
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    machine.defer(() => server.close())
    const term = `127.0.0.1:${(server.address() as AddressInfo).port}/app`
    const search = async (...args: string[]) => {
      const ours = await machine.ok(['image', 'search', ...args, term])
      assert.equal(plain(await docker('search', ...args, term)), plain(ours), args.join(' '))
      return ours
    }
    assert.match(
      await search(),
      /^NAME +DESCRIPTION +STARS +OFFICIAL\nnginx +A long description that goes on and on and o…/,
    )
    assert.match(await search('--no-trunc'), /and on, and on/)
    assert.equal(await search('--filter', 'is-official=true', '--format', '{{.Name}}: {{.StarCount}}'), 'nginx: 9\n')
    assert.equal(await search('-f', 'stars=8', '--format', '{{.Name}}'), 'nginx\n')
    await search('--limit', '1')
    assert.equal(new URL(asked.at(-1) ?? '', 'http://x').searchParams.get('n'), '1')
    assert.match(
      (await machine.run(['image', 'search', '--limit', '101', term])).stderr,
      /outside the range of \[1, 100\]/,
    )
  })
  await t.test('rm takes names away; what is missing is an error unless forced', async () => {
    assert.match(await machine.ok(['image', 'rm', 'imported:2']), /^Untagged: imported:2\nDeleted: sha256:/)
    assert.equal((await machine.run(['image', 'rm', 'nosuch'])).code, 1)
    assert.equal(await machine.ok(['image', 'rm', '-f', 'nosuch']), '')
    await machine.ok(['image', 'rm', '--no-prune', 'imported:3'])
  })
})
