import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { newMachine, resultOf, root, skip } from './machine.ts'

test('containers by docker’s commands', { skip }, async t => {
  const machine = await newMachine(t)
  const container = (...args: string[]) => machine.run(['container', ...args])
  const ok = async (...args: string[]) => (await machine.ok(['container', ...args])).trim()
  machine.defer(() => container('rm', '-f', 'one', 'two', 'shell', 'talks'))

  for (const [name, args, code] of [
    ['the program’s own', ['rootfs:/', 'sh', '-c', 'exit 42'], 42],
    ['that of a signal', ['rootfs:/', 'sh', '-c', 'kill -9 $$'], 137],
    ['a program that is not there', ['rootfs:/', '/no/such/program'], 127],
    ['a file that is no program', ['rootfs:/', '/etc/passwd'], 126],
    ['what the engine refuses', ['--memory', '1', 'rootfs:/', 'true'], 125],
    ['a flag that does not exist', ['--nosuch', 'rootfs:/', 'true'], 125],
    ['the value of a flag', ['--memory', 'x', 'rootfs:/', 'true'], 125],
    ['a missing argument', [], 1],
  ] as const)
    await t.test(`run --rm has an exit code for ${name}, and leaves nothing`, async () => {
      assert.equal((await container('run', '--rm', ...args)).code, code)
      assert.equal(await ok('ls', '-aq'), '')
    })

  await t.test('flags reach the container', async () => {
    writeFileSync(join(machine.dir, 'vars'), 'FILE=from file\n')
    const output = await ok(
      ...['run', '--rm', '-h', 'box', '-e', 'A=1', '--env-file', join(machine.dir, 'vars'), '-w', '/usr', '-u', '1:1'],
      ...['--add-host', 'other:10.9.8.7', '--tmpfs', '/mnt:size=1m', '--ulimit', 'nofile=77', '--read-only'],
      ...['rootfs:/', 'sh', '-c', 'hostname; echo $A $FILE; pwd; id -u; grep -c other /etc/hosts; ulimit -n; touch /x'],
    ).catch(error => String(error))
    assert.match(output, /box\n1 from file\n\/usr\n1\n1\n77\n/)
    assert.match(output, /[Rr]ead-only/)
  })

  await t.test('the life of a container', async () => {
    const cidfile = join(machine.dir, 'cid')
    const id = await ok('run', '-d', '--name', 'one', '-l', 'a=b', '--cidfile', cidfile, 'rootfs:/', 'sleep', '1000')
    assert.equal(readFileSync(cidfile, 'utf8'), id)
    assert.match((await container('create', '--cidfile', cidfile, 'rootfs:/')).stderr, /container ID file found/)
    assert.equal(await ok('ls', '--no-trunc', '-q', '--filter', 'label=a=b'), id)
    assert.equal(await ok('ls', '--format', '{{.Names}} {{.State}} {{.Label "a"}}'), 'one running b')
    assert.equal((await container('exec', 'one', 'sh', '-c', 'exit 7')).code, 7)
    assert.match(await ok('top', 'one'), /sleep 1000/)
    await ok('pause', 'one')
    assert.equal(await ok('inspect', '-f', '{{.State.Status}}', 'one'), 'paused')
    await ok('unpause', 'one')
    await ok('update', '--memory', '64m', 'one')
    assert.equal(await ok('inspect', '-f', '{{.HostConfig.Memory}}', 'one'), String(64 * 2 ** 20))
    await ok('rename', 'one', 'two')
    assert.equal(await ok('stop', 'two'), 'two')
    assert.equal(await ok('wait', 'two'), '143')
    await ok('start', 'two')
    assert.match((await container('rm', 'two')).stderr, /container is running/)
    await ok('kill', 'two')
    await ok('rm', '-v', 'two')
    assert.equal((await container('inspect', 'two')).code, 1)
  })

  await t.test('formats are Go’s templates', async () => {
    await ok('create', '--name', 'two', '-l', 'com.example.tier=front', '-e', 'A=1', '-p', '80', 'rootfs:/', 'true')
    assert.equal(
      await ok('ls', '-a', '--format', '{{.Names}} {{.Label "com.example.tier"}} {{upper .State}}'),
      'two front CREATED',
    )
    assert.match(
      await ok('ls', '-a', '--format', 'table {{.Names}}\\t{{.Label "com.example.tier"}}'),
      /^NAMES +tier\ntwo +front$/,
    )
    assert.match(await ok('ls', '-a', '--format', '{{.Size}}'), /^0B( \(virtual .+\))?$/)
    const template =
      '{{if .State.Health}}{{.State.Health.Status}}{{else}}none{{end}}{{range $p, $c := .HostConfig.PortBindings}} {{$p}}{{end}}'
    assert.equal(await ok('inspect', '-f', template, 'two'), 'none 80/tcp')
    assert.equal(
      await ok('inspect', '-f', '{{range .Config.Env}}{{println .}}{{end}}', 'two'),
      'A=1\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
    )
    const typo = await container('inspect', '-f', '{{.Stat}}', 'two')
    assert.equal(typo.code, 1)
    assert.match(typo.stderr, /can't evaluate field Stat/)
    await ok('rm', 'two')
  })

  await t.test('a wrong flag of docker’s has docker’s exit code', async () => {
    assert.equal((await container('ls', '--nosuch')).code, 125)
    assert.equal((await container('create', '--memory', 'x', 'rootfs:/')).code, 125)
    assert.equal((await container('create')).code, 1)
    assert.equal((await container('stop', 'nobody')).code, 1)
  })

  await t.test('a container ID file of a container that could not be made is no hindrance', async () => {
    const cidfile = join(machine.dir, 'never')
    await container('create', '--cidfile', cidfile, '--memory', '1', 'rootfs:/')
    assert.ok(!existsSync(cidfile))
  })

  await t.test('input goes in, streams stay apart, and logs keep both', async () => {
    const script = 'cat; echo wrong >&2'
    const given = { input: 'typed\n' }
    const run = ['container', 'run', '-i', '--name', 'talks', 'rootfs:/', 'sh', '-c', script]
    const { stdout, stderr } = await machine.run(run, given)
    assert.deepEqual([stdout, stderr], ['typed\n', 'wrong\n'])
    const logs = await container('logs', 'talks')
    assert.deepEqual([logs.stdout, logs.stderr], ['typed\n', 'wrong\n'])
    assert.equal((await container('logs', '--tail', '0', 'talks')).stdout, '')
    await ok('start', 'talks')
  })

  await t.test('who attaches to a terminal leaves it by the detach keys, and the container goes on', async () => {
    const program = join(root, 'bin/tscompose')
    const child = spawn('script', ['-qec', `${program} container run -it --name shell rootfs:/ sh`, '/dev/null'], {
      env: { ...machine.env, TERM: 'xterm' },
    })
    const result = resultOf(child)
    await once(child.stdout, 'data') // the prompt
    child.stdin.write('\x10\x11')
    assert.equal((await result).code, 0)
    assert.equal(await ok('inspect', '-f', '{{.State.Status}}', 'shell'), 'running')
  })

  await t.test('volumes and the system', async () => {
    assert.equal((await machine.ok(['volume', 'create', '--label', 'k=v', 'kept'])).trim(), 'kept')
    assert.match(await machine.ok(['volume', 'ls', '--filter', 'label=k=v']), /^DRIVER +VOLUME NAME\nlocal +kept\n$/)
    await ok('run', '--rm', '-v', 'kept:/mnt', 'rootfs:/', 'sh', '-c', 'echo stays > /mnt/file')
    assert.equal(
      await ok('run', '--rm', '--mount', 'source=kept,target=/mnt,ro', 'rootfs:/', 'cat', '/mnt/file'),
      'stays',
    )
    assert.match(await machine.ok(['system', 'df']), /^TYPE +TOTAL +ACTIVE +SIZE +RECLAIMABLE\n/)
    assert.match(await machine.ok(['system', 'events', '--since', '10m', '--until', '0s']), /volume create kept/)
    const events = ['system', 'events', '--since', '10m', '--until', '0s', '--filter', 'event=create']
    assert.match(
      await machine.ok([...events, '--format', '{{if eq .Type "volume"}}{{.Actor.ID}}{{else}}{{.Status}}{{end}}']),
      /^(create\n)*kept$/m,
    )
    assert.match(
      await machine.ok(['system', 'info']),
      /^Logging Driver: json-file\n(.*\n)*Security Options:\n seccomp\n/m,
    )
    assert.equal(await machine.ok(['system', 'info', '-f', '{{.OSType}} {{len .Plugins.Log}}']), 'linux 2\n')
    assert.equal((await machine.ok(['volume', 'rm', 'kept'])).trim(), 'kept')
    await machine.ok(['system', 'prune', '-f'])
  })
})
