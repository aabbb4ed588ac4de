import assert from 'node:assert/strict'
import { test } from 'node:test'
import { enginePaths } from '../../src/engine/daemon/paths.ts'
import { renderUnit } from '../../src/engine/daemon/unit.ts'

const unit = (program: string, env: NodeJS.ProcessEnv) => renderUnit(program, enginePaths(env, 0), env)

test('the unit starts the engine with the machine, and ends containers before it goes down', () => {
  const text = unit('/usr/bin/tscompose', { HOME: '/root', SECRET: 'x' })
  assert.match(text, /^ExecStart="\/usr\/bin\/tscompose" engine start$/m)
  assert.match(text, /^ExecStop="\/usr\/bin\/tscompose" engine stop --containers$/m)
  assert.match(text, /^RequiresMountsFor="\/var\/lib\/tscompose"$/m)
  assert.doesNotMatch(text, /^Environment=/m)
})

test('the engine is that of whoever enables it', () => {
  const text = unit('/opt/a b/100%/$x/tscompose', { TSCOMPOSE_DATA: '/srv/"data"', https_proxy: 'http://p:1' })
  assert.match(text, /^ExecStart="\/opt\/a b\/100%%\/\$\$x\/tscompose" engine start$/m)
  assert.match(text, /^Environment="TSCOMPOSE_DATA=\/srv\/\\"data\\""$/m)
  assert.match(text, /^Environment="https_proxy=http:\/\/p:1"$/m)
})
