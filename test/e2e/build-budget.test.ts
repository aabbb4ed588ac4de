import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { rm } from 'node:fs/promises'
import { test } from 'node:test'
import { imageArchives, newMachine, skip } from './machine.ts'

/** Makes so many megabytes in a stage that is not in the image, so that only the cache has them. */
const megabytes = (count: number, name: string) => `FROM alpine AS ${name}
RUN : ${name}; head -c ${count}m /dev/urandom > /large
RUN --mount=type=cache,id=${name},target=/c head -c ${count}m /dev/urandom > /c/large
FROM alpine
COPY --from=${name} /etc/alpine-release /x
`

test('the build cache keeps to its budget, and what projects on the disk use', { skip, timeout: 120_000 }, async t => {
  const machine = await newMachine(t, { builder: { gc: { defaultKeepStorage: '6MB' } } })
  await machine.ok(['image', 'load', imageArchives('alpine')[0] ?? ''])
  const cwd = await machine.project('kept', { Dockerfile: megabytes(2, 'kept') })
  /** @returns how many RUN steps were carried out */
  const build = async (args: readonly string[], input = '') => {
    const { code, stderr } = await machine.run(['image', 'build', '--progress=plain', ...args], {
      cwd: machine.dir,
      input,
    })
    assert.equal(code, 0, stderr)
    return (stderr.match(/^#\d+ \[.*RUN [^\n]*\n#\d+ (?!CACHED)/gm) ?? []).length
  }
  // What an engine has to remove, it has removed when it ends.
  const settle = () => machine.ok(['engine', 'stop'])
  const inMounts = async () => {
    await machine.ok(['engine', 'start'])
    const url = 'http://engine/system/df?type=build-cache'
    const { stdout } = spawnSync('curl', ['-s', '--unix-socket', machine.socket, url], { encoding: 'utf8' })
    return ['kept', 'first', 'second'].filter(name => stdout.includes(`cached mount ${name}`))
  }

  assert.equal(await build([cwd]), 2)
  assert.equal(await build(['-'], megabytes(2, 'first')), 2)
  await settle()
  assert.equal(await build([cwd]), 0)
  assert.deepEqual(await inMounts(), ['kept'])
  await build(['-'], megabytes(1, 'second'))
  await settle()
  assert.equal(await build(['-'], megabytes(1, 'second')), 0)

  await rm(cwd, { recursive: true })
  await build(['-'], megabytes(2, 'first'))
  await settle()
  assert.deepEqual(await inMounts(), ['first'])

  const { stdout } = await machine.run(['builder', 'prune', '-f', '--filter', 'type=exec.cachemount'])
  assert.match(stdout, /^Deleted build cache objects:\n[0-9a-f]{25}\n\nTotal reclaimed space: 2\.\d+MB\n$/)
  assert.deepEqual(await inMounts(), [])
  assert.match((await machine.run(['builder', 'prune', '-f', '--filter', 'x=y'])).stderr, /invalid filter 'x'/)
  assert.match((await machine.run(['builder', 'prune', '-f', '--keep-storage', '1GB'])).stdout, /space: 0B\n$/)
  await machine.ok(['builder', 'prune', '-af'])
  assert.equal(await build(['-'], megabytes(2, 'first')), 2)
})
