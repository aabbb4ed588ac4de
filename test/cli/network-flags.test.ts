import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { test } from 'node:test'

/** The flags that a command's help lists, short names first. */
function flags(program: string, command: string): readonly string[] {
  const { stdout } = spawnSync(program, ['network', command, '--help'], { encoding: 'utf8' })
  return [...stdout.matchAll(/^ +((?:-\w, )?--[\w-]+)/gm)]
    .map(([, flag = '']) => flag)
    .filter(flag => flag !== '-h, --help')
}

const missing = spawnSync('docker', ['--version']).status !== 0 && 'needs a docker client'

for (const command of ['connect', 'create', 'disconnect', 'inspect', 'ls', 'prune', 'rm'])
  test(`network ${command} has the flags of docker`, { skip: missing }, () => {
    const docker = flags('docker', command)
    const ours = flags(new URL('../../bin/tscompose', import.meta.url).pathname, command)
    assert.deepEqual(
      docker.filter(flag => !ours.includes(flag)),
      [],
    )
  })
