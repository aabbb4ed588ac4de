import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageArchives, newMachine, skip } from './machine.ts'

const text = (path: string) => readFileSync(path, 'utf8')

test('image build takes what docker build takes', { skip, timeout: 120_000 }, async t => {
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
  const cwd = await machine.project('context', {
    Dockerfile: 'FROM alpine\nARG WHO=nobody\nRUN echo $WHO > /who\nCOPY file /file\nCMD ["cat", "/who", "/file"]\n',
    file: 'from the context\n',
    'other/Dockerfile.two':
      'FROM alpine AS one\nRUN head -c8 /dev/urandom | od -An -tx1 > /random\n' +
      'FROM alpine AS two\nRUN head -c8 /dev/urandom | od -An -tx1 > /random2\n' +
      'FROM scratch\nCOPY --from=one /random /one\nCOPY --from=two /random2 /two\n',
  })
  const build = (...args: string[]) => machine.ok(['image', 'build', ...args], { cwd })
  const run = async (image: string, ...args: string[]) =>
    await machine.ok(['container', 'run', '--rm', '--network=none', image, ...args])

  await t.test('names, arguments, labels; the id goes to standard output and to files', async () => {
    const files = ['--iidfile', 'id', '--metadata-file', 'metadata.json']
    const flags = ['--build-arg', 'WHO', '--label', 'kept=yes', '-t', 'flags:1', '-t', 'registry.example/flags:2']
    const id = await machine.ok(['image', 'build', '-q', ...flags, ...files, '.'], { cwd, env: { WHO: 'somebody' } })
    assert.match(id, /^sha256:[0-9a-f]{64}\n$/)
    assert.equal(`${text(join(cwd, 'id'))}\n`, id)
    assert.deepEqual(JSON.parse(text(join(cwd, 'metadata.json'))), {
      'containerimage.config.digest': id.trim(),
      'containerimage.digest': id.trim(),
      'image.name': 'docker.io/library/flags:1,registry.example/flags:2',
    })
    assert.equal(await run('registry.example/flags:2'), 'somebody\nfrom the context\n')
    assert.equal(await machine.ok(['image', 'inspect', '-f', '{{.Config.Labels.kept}}', 'flags:1']), 'yes\n')
  })

  await t.test('a Dockerfile from standard input, alone or for a context; an archive from there', async () => {
    const input = 'FROM alpine\nRUN --mount=target=/context ls /context > /names\nCMD ["cat", "/names"]\n'
    const alone = await machine.run(['image', 'build', '-q', '-t', 'alone', '-'], { input })
    assert.equal(alone.code, 0, alone.stderr)
    assert.equal(await run('alone'), '')
    const beside = await machine.run(['image', 'build', '-q', '-t', 'beside', '-f', '-', 'other'], { cwd, input })
    assert.equal(beside.code, 0, beside.stderr)
    assert.equal(await run('beside'), 'Dockerfile.two\n')
    const child = machine.start(['image', 'build', '-q', '-t', 'archived', '-'], { cwd })
    const { stdout } = spawnSync('tar', ['-C', cwd, '-cz', 'Dockerfile', 'file'])
    child.stdin?.end(stdout)
    assert.equal(await new Promise(resolve => child.once('close', resolve)), 0)
    assert.equal(await run('archived'), 'nobody\nfrom the context\n')
  })

  await t.test('the files of the image, or the image itself, instead of the store', async () => {
    await build('-q', '-o', 'files', '-o', 'type=tar,dest=files.tar', '-o', 'type=oci,dest=image.tar', '.')
    assert.equal(text(join(cwd, 'files/who')), 'nobody\n')
    const names = spawnSync('tar', ['-tf', join(cwd, 'files.tar')], { encoding: 'utf8' }).stdout.split('\n')
    assert.ok(names.includes('who') && names.includes('file') && !names.includes('.dockerenv'))
    assert.match(spawnSync('tar', ['-tf', join(cwd, 'image.tar')], { encoding: 'utf8' }).stdout, /^oci-layout$/m)
  })

  await t.test('only the steps of a stage are carried out anew', async () => {
    const output = async (...more: string[]) => {
      await build('-q', '-f', 'other/Dockerfile.two', '-o', 'stages', ...more, '.')
      return [text(join(cwd, 'stages/one')), text(join(cwd, 'stages/two'))]
    }
    const [one, two] = await output()
    assert.deepEqual(await output(), [one, two])
    const [again, other] = await output('--no-cache-filter', 'one')
    assert.notEqual(again, one)
    assert.equal(other, two)
  })

  await t.test('further contexts: a directory, an image under another name, also as the base', async () => {
    mkdirSync(join(cwd, 'extra'))
    writeFileSync(join(cwd, 'extra/more'), 'more\n')
    const input = 'FROM base\nCOPY --from=extra more /more\nCMD ["cat", "/more", "/who"]\n'
    const contexts = ['--build-context', 'extra=extra', '--build-context', 'base=docker-image://flags:1']
    const { code, stderr } = await machine.run(['image', 'build', '-t', 'contexts', '-f', '-', ...contexts, '.'], {
      cwd,
      input,
    })
    assert.equal(code, 0, stderr)
    assert.equal(await run('contexts'), 'more\nsomebody\n')
  })

  await t.test('a check builds nothing', async () => {
    const check = (input: string) => machine.run(['image', 'build', '--check', '-'], { input })
    const good = await check('FROM alpine\nRUN echo never > /x\nCMD ["true"]\n')
    assert.deepEqual([good.code, good.stdout], [0, 'Check complete, no warnings found.\n'])
    const bad = await check('FROM nowhere.invalid/image AS Base\nRUN echo $UNKNOWN\nCMD true\n')
    assert.deepEqual([bad.code, bad.stdout], [1, 'Check complete, 2 warnings have been found!\n'], bad.stderr)
    assert.match(bad.stderr, /WARNING: Dockerfile:3: JSON arguments recommended/)
  })

  await t.test('progress as BuildKit has it, also where a step fails', async () => {
    const input = 'FROM alpine\n# why\nRUN echo begun; \\\n  exit 7\nCMD ["true"]\n'
    const { code, stderr } = await machine.run(['image', 'build', '--no-cache', '--progress=plain', '-'], { input })
    assert.equal(code, 1)
    assert.match(stderr, /^#1 \[internal\] load build definition\n#1 DONE \d\.\ds\n\n#2 \[1\/2\] FROM docker.io/m)
    assert.match(stderr, /^#3 \d\.\d{3} begun\n#3 ERROR: process .* exit code: 7$/m)
    assert.match(stderr, /^ > \[2\/2\] RUN echo begun;[^\n]*:\nbegun\n------$/m)
    assert.match(
      stderr,
      /^ {3}2 \| {5}# why\n {3}3 \| >>> RUN echo begun; \\\n {3}4 \| >>> {3}exit 7\n {3}5 \| {5}CMD/m,
    )
    const json = await machine.run(['image', 'build', '--progress=rawjson', '-'], { input: 'FROM alpine\nRUN true\n' })
    const last = JSON.parse(json.stderr.trim().split('\n').at(-1) ?? '')
    assert.deepEqual([last.type, last.names], ['image', []])
  })

  await t.test('what is not supported is refused by name', async () => {
    const refusals: readonly (readonly [string[], RegExp])[] = [
      [['--provenance=mode=max'], /--provenance=mode=max is not supported/],
      [['--squash'], /--squash is not supported/],
      [['--output', 'type=cacheonly'], /type is one of local, tar/],
      [['--push'], /tag is needed when pushing to registry/],
      [['--secret', 'src=x'], /it has no id/],
    ]
    for (const [flags, message] of refusals) {
      const { code, stderr } = await machine.run(['image', 'build', ...flags, '.'], { cwd })
      assert.equal(code, 1)
      assert.match(stderr, message)
    }
    assert.equal((await machine.run(['image', 'build', '--provenance=false', '--sbom=false', '.'], { cwd })).code, 0)
  })
})
