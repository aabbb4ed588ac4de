import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { cpSync, readFileSync, symlinkSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { newMachine, root, skip } from './machine.ts'

test('the packed npm package runs, called through a symbolic link, from its own bundle', { skip }, async t => {
  const machine = await newMachine(t)
  const npm = (args: readonly string[], cwd: string) =>
    execFileSync('npm', [...args, '--loglevel=error'], { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
  // Without its scripts, which also compile for the other architecture: the bundle and this machine's core are there.
  const archive = npm(['pack', '--ignore-scripts', '--pack-destination', machine.dir], root).trim().split('\n').at(-1)
  const installed = join(machine.dir, 'installed')
  await mkdir(installed)
  await writeFile(join(installed, 'package.json'), '{ "private": true }')
  npm(['install', '--no-audit', '--no-fund', join(machine.dir, archive ?? '')], installed)
  const native = join(installed, 'node_modules/tscompose/native', process.arch)
  cpSync(join(root, 'build/native/tscompose-monitor'), join(native, 'tscompose-monitor'))

  const link = join(machine.dir, 'tscompose')
  symlinkSync(join(installed, 'node_modules/.bin/tscompose'), link)
  const run = (...args: string[]) =>
    execFileSync(link, args, {
      cwd: machine.dir,
      env: machine.env,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  assert.equal(run('version', '--short').trim(), version)

  await writeFile(
    join(machine.dir, 'compose.yaml'),
    'name: packed\nservices: { one: { image: "rootfs:/", command: "sh -c \'echo packed; sleep 100\'" } }\n',
  )
  machine.defer(() => run('down', '-t', '0'))
  run('up', '-d', '--wait')
  assert.equal(run('exec', '-T', 'one', 'hostname').trim().length, 12)
  assert.match(run('logs', '--no-log-prefix'), /^packed$/m)
})
