import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { test } from 'node:test'
import { imageArchives, newMachine, skip } from './machine.ts'

const yaml = `
services:
  app:
    image: busybox
    command: [sh, -c, 'cat /all/one /part/two; ls -A /all; touch /all/x || sleep 1000']
    init: true
    volumes:
      - {type: image, source: 'data:1', target: /all}
      - {type: image, source: 'data:1', target: /part, image: {subpath: dir}}
`

test('what is in an image is mounted read-only, whole or in part', { skip }, async t => {
  const machine = await newMachine(t)
  const files = await machine.project('files', { one: 'first\n', 'dir/two': 'second\n' })
  const cwd = await machine.project('mounts', { 'compose.yaml': yaml })
  machine.defer(() => machine.run(['down', '-t', '0'], { cwd }))
  const archive = join(machine.dir, 'data.tar')
  execFileSync('tar', ['-cf', archive, '-C', files, '.'])
  await machine.ok(['image', 'load', '-q', ...imageArchives('busybox')])
  await machine.ok(['image', 'import', archive, 'data:1'])

  await t.test('by a service', async () => {
    await machine.ok(['up', '-d'], { cwd })
    const logs = () => machine.ok(['logs', '--no-log-prefix'], { cwd })
    while (!(await logs()).includes('Read-only file system')) assert.match(await machine.ok(['ps'], { cwd }), /Up/)
    assert.match(await logs(), /^first\nsecond\ndir\none\n/)
    const mounts = await machine.ok(['container', 'inspect', '-f', '{{json .Mounts}}', 'mounts-app-1'])
    const [all] = JSON.parse(mounts)
    assert.deepEqual([all.Type, all.Source, all.Destination, all.RW], ['image', 'data:1', '/all', false])
  })

  await t.test('an image stays as long as a container mounts it', async () => {
    assert.match(
      (await machine.run(['image', 'rm', 'data:1'])).stderr,
      /is using its referenced image|in use|being used/,
    )
    assert.doesNotMatch(await machine.ok(['image', 'prune', '-af']), /data:1/)
    await machine.ok(['restart', '-t', '0'], { cwd })
    await machine.ok(['down', '-t', '0'], { cwd })
    await machine.ok(['image', 'rm', 'data:1'])
  })

  await t.test('by a container; an image or a path that is not there is told of', async () => {
    await machine.ok(['image', 'import', archive, 'data:1'])
    const run = (mount: string) =>
      machine.run(['container', 'run', '--rm', '--mount', `type=image,${mount}`, 'busybox', 'ls', '-A', '/x'])
    assert.equal((await run('source=data:1,target=/x,image-subpath=dir')).stdout, 'two\n')
    for (const source of ['data:1', `rootfs:${files}`]) {
      const mount = `type=image,source=${source},target=/x`
      await machine.ok(['container', 'create', '--name', 'holder', '--mount', mount, 'busybox'])
      const taking = await machine.ok([
        'container',
        'run',
        '--rm',
        '--volumes-from',
        'holder',
        'busybox',
        'cat',
        '/x/one',
      ])
      assert.equal(taking, 'first\n', source)
      await machine.ok(['container', 'rm', 'holder'])
    }
    assert.match((await run('source=nobody:1,target=/x')).stderr, /No such image: nobody:1/)
    assert.match((await run('source=data:1,target=/x,image-subpath=no')).stderr, /path does not exist/)
    assert.match((await run('source=data:1,target=/x,image-subpath=../dir')).stderr, /relative path within the image/)
  })
})
