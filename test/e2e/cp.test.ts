import assert from 'node:assert/strict'
import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readlinkSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { atTerminal, imageArchives, newMachine, resultOf, root, skip } from './machine.ts'

const docker = '/usr/bin/docker'

test('files go to and from containers by docker’s rules', { skip }, async t => {
  const machine = await newMachine(t)
  await machine.ok(['engine', 'start'])
  for (const archive of imageArchives('busybox')) await machine.ok(['image', 'load', '-i', archive])
  const dir = await machine.project('files', {
    'compose.yaml': 'services:\n  app: {image: busybox, command: sleep 1000, init: true, deploy: {replicas: 2}}\n',
  })
  const ok = (...args: string[]) => machine.ok(args, { cwd: dir })
  const refused = async (message: RegExp, ...args: string[]) => {
    const { code, stderr } = await machine.run(['cp', ...args], { cwd: dir })
    assert.equal(code, 1)
    assert.match(stderr, message)
  }
  const at = (name: string) => join(dir, name)
  await ok('up', '-d')
  machine.defer(() => ok('down', '-t', '0', '-v'))
  mkdirSync(at('src/sub'), { recursive: true })
  writeFileSync(at('src/one'), 'first', { mode: 0o640 })
  writeFileSync(at('src/sub/two'), 'second')
  symlinkSync('one', at('src/link'))

  await t.test('a directory gets the name of the destination, or goes into it', async () => {
    await ok('cp', 'src', 'app:/tmp/new')
    await ok('cp', 'src', 'app:/tmp/new')
    await ok('cp', 'src/.', 'app:/tmp/')
    for (const index of ['1', '2'])
      assert.equal(
        await ok(
          'exec',
          '-T',
          '--index',
          index,
          'app',
          'sh',
          '-c',
          'cd /tmp; cat new/one new/src/sub/two one; readlink new/link',
        ),
        'firstsecondfirstone\n',
      )
  })

  await t.test('and comes back the same way', async () => {
    await ok('cp', 'app:/tmp/new', 'got')
    assert.equal(readFileSync(at('got/src/sub/two'), 'utf8'), 'second')
    assert.equal(readlinkSync(at('got/link')), 'one')
    assert.equal(statSync(at('got/one')).mode & 0o777, 0o640)
    await ok('cp', 'app:/tmp/new/.', 'got/sub')
    assert.equal(readFileSync(at('got/sub/one'), 'utf8'), 'first')
    await ok('cp', '-L', 'app:/tmp/new/link', 'followed')
    assert.equal(readFileSync(at('followed'), 'utf8'), 'first')
  })

  await t.test('a tar stream goes in at standard input, to every replica, and out at standard output', async () => {
    const { stdout } = spawnSync('tar', ['-cf', '-', '-C', at('src'), '--transform', 's/^sub/streamed/', 'sub'])
    const child = machine.start(['cp', '-', 'app:/tmp'], { cwd: dir })
    child.stdin?.end(stdout)
    assert.equal((await resultOf(child)).code, 0)
    for (const index of ['1', '2'])
      assert.equal(await ok('exec', '-T', '--index', index, 'app', 'cat', '/tmp/streamed/two'), 'second')
    assert.match(await ok('cp', 'app:/tmp/streamed', '-'), /^streamed\/\0/)
  })

  await t.test('what cannot be is an error', async () => {
    await refused(/copying between services is not supported/, 'app:/a', 'app:/b')
    await refused(/no container found for service "nobody"/, 'src', 'nobody:/tmp')
    await refused(/Could not find the file \/no in container files-app-1/, 'app:/no', 'x')
    await refused(/lstat .*nofile: no such file or directory/, 'nofile', 'app:/tmp')
    await refused(/cannot copy directory/, 'src', 'app:/tmp/new/one')
    await refused(/no such directory/, 'src/one', 'app:/tmp/missing/')
  })

  await t.test('container cp does the same with a container', async () => {
    const cp = (...args: string[]) => ok('container', 'cp', ...args)
    await cp('src', 'files-app-1:/home/new')
    await cp('src/.', 'files-app-1:home')
    await cp('-L', 'src/link', 'files-app-1:/home/followed')
    assert.equal(
      await ok('exec', '-T', 'app', 'sh', '-c', 'cd /home; cat new/sub/two one followed; test -h link'),
      'secondfirstfirst',
    )
    await cp('files-app-1:/home/new/.', 'back')
    assert.equal(readlinkSync(at('back/link')), 'one')
    const stream = machine.start(['container', 'cp', '-a', 'files-app-1:/home/new', '-'], { cwd: dir })
    const into = machine.start(['container', 'cp', '-', 'files-app-2:/home'], { cwd: dir })
    if (into.stdin) stream.stdout?.pipe(into.stdin)
    assert.equal((await resultOf(into)).code, 0)
    assert.equal(await ok('exec', '-T', '--index', '2', 'app', 'cat', '/home/new/sub/two'), 'second')
    const shown = async (...args: string[]) => {
      const command = [`${root}/bin/tscompose container cp`, ...args].join(' ')
      return (await atTerminal(command, { cwd: dir, env: machine.env })).stdout
    }
    assert.equal(await shown('src/one', 'files-app-1:tmp/x'), 'Successfully copied 2.05kB to files-app-1:/tmp/x\r\n')
    assert.equal(await shown('-q', 'src/one', 'files-app-1:/tmp/x'), '')
    for (const [message, ...args] of [
      [/copying between containers is not supported/, 'a:/x', 'b:/x'],
      [/must specify at least one container source/, 'a', 'b'],
      [/path cannot be empty/, 'files-app-1:', 'b'],
      [/No such container: nobody/, 'src', 'nobody:/x'],
      [/extraction point is not a directory/, 'src/one', 'files-app-1:/bin/busybox/x'],
      [/invalid output path: directory ".*\/no" does not exist/, 'files-app-1:/tmp', 'no/x'],
    ] as [RegExp, ...string[]][]) {
      const { code, stderr } = await machine.run(['container', 'cp', ...args], { cwd: dir })
      assert.equal(code, 1)
      assert.match(stderr, message)
    }
  })

  await t.test('a dry run copies nothing', async () => {
    const { code, stderr } = await machine.run(['--dry-run', 'cp', 'src', 'app:/tmp/dry'], { cwd: dir })
    assert.equal(code, 0)
    assert.match(stderr, /Container files-app-1 .*Copied/)
    await refused(/Could not find the file/, 'app:/tmp/dry', '-')
  })

  await t.test('export writes the files of a container', async () => {
    await ok('export', '-o', 'all.tar', 'app')
    const { stdout } = spawnSync('tar', ['-tf', at('all.tar')], { encoding: 'utf8' })
    assert.equal(existsSync(at('all.tar.tscompose-partial')), false)
    assert.match(stdout, /^tmp\/new\/sub\/two$/m)
  })

  await t.test('docker cp does, too', { skip: spawnSync(docker, ['--version']).status !== 0 }, async () => {
    const env = { PATH: process.env.PATH, HOME: machine.dir, DOCKER_HOST: `unix://${machine.socket}` }
    const cp = async (...args: string[]) => {
      const child = spawn(docker, ['cp', ...args], { cwd: dir, env })
      child.stdin.end()
      return await resultOf(child)
    }
    assert.equal((await cp('src', 'files-app-1:/opt')).code, 0)
    assert.equal((await cp('files-app-1:/opt/sub/two', 'by-docker')).code, 0)
    assert.equal(readFileSync(at('by-docker'), 'utf8'), 'second')
    const { code, stderr } = await cp('files-app-1:/no', 'x')
    assert.notEqual(code, 0)
    assert.match(stderr, /\/no/)
  })
})
