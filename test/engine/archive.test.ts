import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import * as fs from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { buffer } from 'node:stream/consumers'
import { after, before, describe, test } from 'node:test'
import type { LocalEngine } from '../../src/engine/local-engine.ts'
import { directory, file, hardLink, symlink, tar } from '../image/tar-builder.ts'
import { Bench, create, exec, exitCode, output, run, skip } from './fixture.ts'

const list = (archive: Buffer): string[] =>
  execFileSync('tar', ['-tf', '-'], { input: archive }).toString().split('\n').filter(Boolean)
const contents = (archive: Buffer, name: string): string =>
  execFileSync('tar', ['-xOf', '-', name], { input: archive }).toString()

describe('the files of a container', { skip }, () => {
  let bench: Bench
  let engine: LocalEngine
  let id: string
  before(async () => {
    bench = await Bench.make()
    engine = await bench.open()
    fs.mkdirSync(join(bench.root, 'bound'))
    const HostConfig = { Binds: [`${bench.root}/bound:/bound`, 'vol:/vol'], Tmpfs: { '/mem': '' } }
    id = await run(engine, bench, ['sleep', '1000'], { HostConfig })
  })
  after(async () => {
    await engine?.[Symbol.asyncDispose]()
    await bench?.[Symbol.asyncDispose]()
  })
  const put = (path: string, archive: Buffer, options = {}, to = id) =>
    engine.putContainerArchive(to, path, Readable.from([archive]), options)
  const get = async (path: string, from = id) => {
    const { stat, archive } = await engine.containerArchive(from, path)
    return { stat, archive: await buffer(archive) }
  }

  test('go in and come out again, while it runs', async () => {
    await put(
      '/tmp',
      tar({ ...file('one', 'first'), mode: 0o640, uid: 12, gid: 34 }, directory('d/'), file('d/x', 'X')),
    )
    assert.equal((await exec(engine, id, ['cat', '/tmp/one', '/tmp/d/x'])).text, 'firstX')
    const { stat, archive } = await get('/tmp/one')
    assert.deepEqual([stat.name, stat.size, stat.mode, stat.linkTarget], ['one', 5, 0o640, ''])
    assert.equal(contents(archive, 'one'), 'first')
    assert.match(
      execFileSync('tar', ['--numeric-owner', '-tvf', '-'], { input: archive }).toString(),
      /rw-r----- 12\/34/,
    )
    assert.deepEqual(list((await get('/tmp/d')).archive), ['d/', 'd/x'])
    assert.deepEqual(list((await get('/tmp/d/')).archive), ['d/', 'd/x'])
    assert.deepEqual(list((await get('/tmp/d/.')).archive), ['./', './x'])
  })

  test('are where it mounts them', async () => {
    for (const path of ['/bound', '/vol', '/mem']) await put(path, tar(file('f', path)))
    assert.equal(fs.readFileSync(join(bench.root, 'bound/f'), 'utf8'), '/bound')
    assert.equal((await exec(engine, id, ['cat', '/vol/f', '/mem/f'])).text, '/vol/mem')
  })

  test('are also there when it does not run', async () => {
    const other = await create(engine, bench, ['cat', '/vol/late', '/etc/motd'], {
      HostConfig: { Binds: ['vol:/vol'] },
    })
    await put('/vol', tar(file('late', 'volume ')), {}, other)
    await put('/etc', tar(file('motd', 'root')), {}, other)
    assert.equal(contents((await get('/etc/motd', other)).archive, 'motd'), 'root')
    await engine.containerStart(other)
    assert.equal(await exitCode(engine, other), 0)
    assert.equal(await output(engine, other), 'volume root')
    assert.equal(contents((await get('/vol/late', other)).archive, 'late'), 'volume ')
  })

  test('tells of a link where it leads', async () => {
    await put(
      '/tmp',
      tar(symlink('link', 'd'), symlink('up', '../../../etc/passwd'), symlink('gone', '/no/../where/x')),
    )
    const target = async (path: string) => (await engine.containerArchiveInfo(id, path)).linkTarget
    assert.equal(await target('/tmp/link'), '/tmp/d')
    assert.equal(await target('/tmp/up'), '/etc/passwd')
    assert.equal(await target('/tmp/gone'), '/where/x')
    const { mode } = await engine.containerArchiveInfo(id, '/tmp/link')
    assert.equal(mode, 2 ** 27 + 0o777)
    assert.equal((await engine.containerArchiveInfo(id, '/tmp/link/')).mode, 2 ** 31 + 0o755)
  })

  test('has words for what cannot be', async () => {
    const code = (code: string, message: RegExp) => (error: { code: string; message: string }) => {
      assert.match(error.message, message)
      assert.equal(error.code, code)
      return true
    }
    const { Name } = await engine.containerInspect(id)
    const missing = code(
      'ENGINE_FILE_NOT_FOUND',
      new RegExp(`^Could not find the file /no in container ${Name.slice(1)}$`),
    )
    await assert.rejects(get('/no'), missing)
    await assert.rejects(engine.containerArchiveInfo(id, '/no'), missing)
    await assert.rejects(put('/no', tar(file('x'))), missing)
    await assert.rejects(
      put('/tmp/one', tar(file('x'))),
      code('ENGINE_REQUEST_INVALID', /extraction point is not a directory/),
    )
    await assert.rejects(put('/tmp', tar(file('../x'))), code('ENGINE_REQUEST_INVALID', /outside/))
    await assert.rejects(
      put('/tmp', tar(file('x', 'long')).subarray(0, 514)),
      code('ENGINE_REQUEST_INVALID', /truncated/),
    )
    const keep = { noOverwriteDirNonDir: true }
    await assert.rejects(
      put('/tmp', tar(file('d', 'x')), keep),
      code('ENGINE_REQUEST_INVALID', /cannot overwrite directory/),
    )
    await assert.rejects(
      put('/tmp', tar(directory('one')), keep),
      code('ENGINE_REQUEST_INVALID', /cannot overwrite non-directory/),
    )
    await put('/tmp', tar(file('d', 'now a file')))
    assert.equal((await exec(engine, id, ['cat', '/tmp/d'])).text, 'now a file')
  })

  test('belong to the user of the container if that is asked for', async () => {
    const ann = await create(engine, bench, ['true'], { User: 'ann' })
    await put('/tmp', tar({ ...file('f'), uid: 5, gid: 5 }), { copyUIDGID: true }, ann)
    const { archive } = await get('/tmp/f', ann)
    assert.match(execFileSync('tar', ['--numeric-owner', '-tvf', '-'], { input: archive }).toString(), / 1000\/1000 /)
  })

  test('cannot be written where it is read-only', async () => {
    const HostConfig = { ReadonlyRootfs: true, Binds: ['vol:/vol:ro'], Tmpfs: { '/mem': '' } }
    const closed = await create(engine, bench, ['sleep', '1000'], { HostConfig })
    for (const start of [false, true]) {
      if (start) await engine.containerStart(closed)
      await assert.rejects(put('/tmp', tar(file('x')), {}, closed), { message: 'container rootfs is marked read-only' })
      await assert.rejects(put('/vol', tar(file('x')), {}, closed), { message: 'mounted volume is marked read-only' })
    }
    await put('/mem', tar(file('x')), {}, closed)
  })

  test('a link in the container never leads to the machine', async () => {
    const victim = join(bench.root, 'victim')
    fs.mkdirSync(victim)
    const up = '../'.repeat(30)
    await put(
      '/tmp',
      tar(
        symlink('abs', victim),
        symlink('rel', `${up}${victim}`),
        symlink('proc', '/proc/1/root'),
        symlink('self', '/proc/self/root'),
      ),
    )
    for (const path of ['/tmp/abs', '/tmp/rel', `/tmp/proc${victim}`, `/tmp/self${victim}`, `${up}${victim}`])
      await assert.rejects(put(path, tar(file('x'))), { code: 'ENGINE_FILE_NOT_FOUND' }, path)
    await put('/tmp', tar(file('abs/x', 'through a link')).subarray(), {}).catch(() => {})
    await put('/tmp', tar(symlink('sneak', victim), file('sneak/x'), hardLink('hard', `${up}${victim}`))).catch(
      () => {},
    )
    assert.deepEqual(fs.readdirSync(victim), [])
    const passwd = contents((await get('/tmp/../../../../etc/passwd')).archive, 'passwd')
    assert.match(passwd, /ann:x:1000/)
  })

  test('are exported without what is mounted', async () => {
    const names = list(await buffer(await engine.containerExport(id)))
    assert.ok(names.includes('bin/busybox') && names.includes('tmp/one') && names.includes('vol/'))
    assert.ok(!names.includes('vol/f') && !names.some(name => /^(proc|dev|sys)\/./.test(name)))
    const stopped = await create(engine, bench, ['true'])
    assert.ok(list(await buffer(await engine.containerExport(stopped))).includes('bin/busybox'))
  })

  test('leave nothing behind when nobody reads to the end', async () => {
    const big = await create(engine, bench, ['true'])
    await put('/tmp', tar(file('big', Buffer.alloc(3_000_000))), {}, big)
    const { archive } = await engine.containerArchive(big, '/tmp/big')
    archive.destroy()
    // The container is held until the process has gone.
    await engine.containerStart(big)
    assert.equal(await exitCode(engine, big), 0)
  })
})
