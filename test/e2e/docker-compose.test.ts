import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { test } from 'node:test'
import { dockerCompose } from '../../bench/docker-compose.ts'
import { freePort, imageArchives, newMachine, resultOf, skip } from './machine.ts'

const yaml = (port: number) => `
services:
  web:
    image: busybox
    command: [sh, -c, 'echo serving; mkdir -p /www && echo page > /www/index.html; exec httpd -f -h /www']
    ports: ['127.0.0.1:${port}:80']
    volumes: ['kept:/kept']
    healthcheck: {test: [CMD, wget, -qO-, 'http://127.0.0.1/'], interval: 1s}
  client:
    image: busybox
    command: [sleep, '1000']
    depends_on: {web: {condition: service_healthy}}
volumes:
  kept: {}
`

/** The program of Docker's own, or why it cannot be had. */
function binary(): { readonly path: string } | { readonly why: string } {
  try {
    return { path: dockerCompose() }
  } catch {
    return { why: 'apt cannot fetch docker compose here' }
  }
}

test('docker compose itself, against the engine', { skip }, async t => {
  const found = binary()
  if ('why' in found) return t.skip(found.why)
  const machine = await newMachine(t)
  await machine.ok(['image', 'load', ...imageArchives('busybox')])
  const port = await freePort()
  const cwd = await machine.project('theirs', { 'compose.yaml': yaml(port) })
  const env = { ...machine.env, DOCKER_HOST: `unix://${machine.socket}` }
  const compose = async (...args: string[]) => {
    const child = spawn(found.path, args, { cwd, env })
    child.stdin.end()
    return await resultOf(child)
  }
  const ok = async (...args: string[]) => {
    const { code, stdout, stderr } = await compose(...args)
    assert.equal(code, 0, `docker compose ${args.join(' ')}: ${stderr}${stdout}`)
    return stdout.trim()
  }
  machine.defer(() => compose('down', '-v', '-t', '0'))

  await t.test('up waits for health, and what it made is its and ours', async () => {
    await ok('up', '-d', '--wait')
    assert.equal(await (await fetch(`http://127.0.0.1:${port}/`)).text(), 'page\n')
    assert.deepEqual((await ok('ps', '--services')).split('\n').sort(), ['client', 'web'])
    assert.match(await machine.ok(['ps'], { cwd }), /theirs-web-1 .*healthy/)
    assert.equal(await ok('port', 'web', '80'), `127.0.0.1:${port}`)
  })
  await t.test('exec, logs, top, run', async () => {
    assert.equal(await ok('exec', '-T', 'client', 'wget', '-qO-', 'http://web/'), 'page')
    assert.equal((await compose('exec', '-T', 'web', 'sh', '-c', 'exit 9')).code, 9)
    assert.match(await ok('logs', '--no-log-prefix', 'web'), /serving/)
    assert.match(await ok('top', 'web'), /httpd/)
    assert.equal((await compose('run', '--rm', '-T', '--no-deps', 'client', 'sh', '-c', 'exit 4')).code, 4)
  })
  await t.test('a second up changes nothing; stop, start, restart, pause and down do', async () => {
    const ids = await ok('ps', '-q')
    await ok('up', '-d')
    assert.equal(await ok('ps', '-q'), ids)
    await ok('pause', 'client')
    await ok('unpause', 'client')
    await ok('restart', '-t', '0', 'client')
    await ok('stop', '-t', '0')
    assert.equal(await ok('ps', '-q'), '')
    await ok('start')
    await ok('down', '-v', '-t', '0')
    assert.equal((await machine.ok(['container', 'ls', '-aq'])).trim(), '')
    assert.equal((await machine.ok(['volume', 'ls', '-q'])).trim(), '')
  })
})
