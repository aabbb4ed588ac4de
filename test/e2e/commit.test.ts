import assert from 'node:assert/strict'
import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { mkdirSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageArchives, newMachine, resultOf, skip } from './machine.ts'

const clients = ['/usr/bin/docker', '/usr/local/bin/docker'].filter(path => spawnSync(path, ['--version']).status === 0)

test('what a container has changed is shown, and becomes an image', { skip, timeout: 180_000 }, async t => {
  const machine = await newMachine(t)
  await machine.ok(['engine', 'start'])
  for (const archive of imageArchives('busybox')) await machine.ok(['image', 'load', '-i', archive])
  const dir = await machine.project('shop', {
    'compose.yaml': 'services:\n  app: {image: busybox, command: sleep 1000, deploy: {replicas: 2}}\n',
  })
  const ok = async (...args: string[]) => (await machine.ok(args, { cwd: dir })).trimEnd()
  const inContainer = (...command: string[]) => ok('container', 'run', '--rm', ...command)
  await ok('up', '-d')
  machine.defer(() => ok('down', '-t', '0'))
  const change = 'echo new > /etc/made; rm /etc/group; mkdir /srv; : > /srv/a; ln /srv/a /srv/b; chmod 4711 /srv/a'
  await ok('exec', '-T', 'app', 'sh', '-c', change)
  const changes = ['C /etc', 'D /etc/group', 'A /etc/made', 'A /srv', 'A /srv/a', 'A /srv/b'].join('\n')

  await t.test('diff tells added, changed and deleted paths', async () => {
    assert.equal(await ok('container', 'diff', 'shop-app-1'), changes)
    assert.equal(await ok('container', 'diff', 'shop-app-2'), '')
  })

  await t.test('commit makes an image that runs, and can be committed again', async () => {
    const flags = ['-a', 'Ann <ann@x>', '-m', 'made by hand', '-c', 'CMD ["cat", "/etc/made"]', '-c', 'ENV LATER=yes']
    const id = await ok('container', 'commit', ...flags, 'shop-app-1', 'made:1')
    assert.match(id, /^sha256:[0-9a-f]{64}$/)
    const [image] = JSON.parse(await ok('image', 'inspect', 'made:1'))
    assert.deepEqual([image.Id, image.Author, image.Comment], [id, 'Ann <ann@x>', 'made by hand'])
    assert.equal(image.RootFS.Layers.length, 2)
    assert.equal(await inContainer('made:1'), 'new')
    const look = 'test ! -e /etc/group; stat -c "%a %h" /srv/b; echo $LATER; echo 2 > /etc/made'
    assert.equal(await ok('container', 'run', '--name', 'second', 'made:1', 'sh', '-c', look), '4711 2\nyes')
    await ok('container', 'commit', 'second', 'made:2')
    assert.equal(await inContainer('made:2', 'sh', '-c', 'cat /etc/made; ls /srv'), '2\na\nb')
    const [again] = JSON.parse(await ok('image', 'inspect', 'made:2'))
    assert.deepEqual(again.RootFS.Layers.slice(0, 2), image.RootFS.Layers)
    await ok('container', 'rm', 'second')
  })

  await t.test('the container goes on, and its pause is told', async () => {
    const until = (Date.now() / 1000).toFixed(9)
    const events = await ok('system', 'events', '--since', '1h', '--until', until, '--format', '{{.Action}}')
    assert.match(events, /pause\nunpause\n(.*\n)*commit/)
    assert.equal(await ok('container', 'inspect', '-f', '{{.State.Status}}', 'shop-app-1'), 'running')
  })

  await t.test('without changes there is no new layer', async () => {
    await ok('commit', '--index', '2', 'app', 'same')
    const [image] = JSON.parse(await ok('image', 'inspect', 'same'))
    assert.equal(image.RootFS.Layers.length, 1)
    assert.match(await ok('image', 'history', 'same'), /sleep 1000 +0B/)
  })

  await t.test('compose commit tells what became of it', async () => {
    const { code, stderr } = await machine.run(['commit', '-m', 'by service', 'app', 'made:3'], { cwd: dir })
    assert.equal(code, 0)
    assert.match(stderr, /Container shop-app-1 Committed as sha256:[0-9a-f]{64}/)
    assert.equal(await inContainer('made:3', 'cat', '/etc/made'), 'new')
    const missing = await machine.run(['commit', 'nobody', 'x'], { cwd: dir })
    assert.equal(missing.code, 1)
    assert.match(missing.stderr, /service "nobody" is not running/)
  })

  await t.test('import takes the same instructions', async () => {
    await ok('container', 'export', '-o', 'all.tar', 'shop-app-1')
    await ok('image', 'import', '-c', 'CMD ["cat", "/etc/made"]', 'all.tar', 'flat')
    assert.equal(await inContainer('flat'), 'new')
  })

  await t.test('what cannot be is an error, and makes nothing', async () => {
    const refused = async (message: RegExp, ...args: string[]) => {
      const { code, stderr } = await machine.run(['container', 'commit', ...args])
      assert.equal(code, 1)
      assert.match(stderr, message)
    }
    const images = await ok('image', 'ls', '-aq')
    await refused(/RUN is not a valid change command/, '-c', 'RUN make', 'shop-app-1')
    await refused(/must be lowercase/, 'shop-app-1', 'UPPER')
    await refused(/No such container: nobody/, 'nobody')
    assert.equal(await ok('image', 'ls', '-aq'), images)
  })

  for (const client of clients) {
    const env = { PATH: process.env.PATH, HOME: machine.dir, DOCKER_HOST: `unix://${machine.socket}` }
    const docker = async (...args: string[]) => {
      const { code, stdout, stderr } = await resultOf(spawn(client, args, { env }))
      assert.equal(code, 0, `docker ${args.join(' ')}: ${stderr}`)
      return stdout.trimEnd()
    }
    await t.test(`${client} does, too`, async () => {
      assert.equal(await docker('diff', 'shop-app-1'), changes)
      await docker(
        'commit',
        '-a',
        'Bob',
        '-m',
        'said',
        '-c',
        'EXPOSE 80',
        '-p',
        'shop-app-1',
        'localhost:5000/by/docker',
      )
      const format = '{{.Author}} {{.Comment}} {{json .Config.ExposedPorts}}'
      assert.equal(await docker('inspect', '-f', format, 'localhost:5000/by/docker'), 'Bob said {"80/tcp":{}}')
      assert.equal(await docker('run', '--rm', 'localhost:5000/by/docker', 'cat', '/etc/made'), 'new')
      const archive = join(machine.dir, 'saved.tar')
      await docker('save', '-o', archive, 'localhost:5000/by/docker')
      const layers = JSON.parse(execFileSync('tar', ['-xOf', archive, 'manifest.json']).toString())[0].Layers
      const names = execFileSync('sh', ['-c', `tar -xOf ${archive} ${layers.at(-1)} | tar -t`]).toString()
      assert.equal(names, 'etc/\netc/.wh.group\netc/made\nsrv/\nsrv/a\nsrv/b\n')
    })
  }
})

test('a commit that fails for want of room lets the container go on, and leaves nothing', { skip }, async t => {
  const machine = await newMachine(t)
  const data = machine.env.TSCOMPOSE_DATA ?? ''
  mkdirSync(data)
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m', 'small', data])
  machine.defer(async () => {
    await machine.run(['container', 'rm', '-f', 'full'])
    await machine.run(['engine', 'stop'])
    execFileSync('umount', [data])
  })
  const [archive = ''] = imageArchives('busybox')
  await machine.ok(['image', 'load', '-i', archive])
  const container = (...args: string[]) => machine.ok(['container', ...args])
  await container(
    'run',
    '-d',
    '--name',
    'full',
    'busybox',
    'sh',
    '-c',
    'head -c 13000000 /dev/urandom > /big; sleep 1000',
  )
  while (!(await container('exec', 'full', 'wc', '-c', '/big')).startsWith('13000000'));
  const { code, stderr } = await machine.run(['container', 'commit', 'full', 'never'])
  assert.equal(code, 1)
  assert.match(stderr, /ENOSPC|no space left/i)
  assert.equal((await container('exec', 'full', 'echo', 'awake')).trim(), 'awake')
  assert.equal((await container('inspect', '-f', '{{.State.Status}}', 'full')).trim(), 'running')
  assert.doesNotMatch(await machine.ok(['image', 'ls']), /never/)
  assert.deepEqual(readdirSync(join(data, 'images/content/partial')), [])
  await container('exec', 'full', 'rm', '/big')
  await container('commit', 'full', 'now')
})
