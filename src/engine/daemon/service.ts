import { existsSync } from 'node:fs'
import { rename, rm, writeFile } from 'node:fs/promises'
import { TscomposeError } from '../../errors.ts'
import { UNIT } from './unit.ts'

/** Where the administrator's own units are, systemd.unit(5). */
const FILE = `/etc/systemd/system/${UNIT}`

/**
 * Has systemd start the engine with the machine, from now on, and now.
 * @param unit the text of the unit
 * @throws TscomposeError ENGINE_NEEDS_ROOT, ENGINE_SERVICE_FAILED
 */
export async function enableService(unit: string): Promise<void> {
  await check()
  await writeFile(`${FILE}.new`, unit, { mode: 0o644, flush: true })
  await rename(`${FILE}.new`, FILE)
  await systemctl('daemon-reload')
  await systemctl('enable', '--now', UNIT)
}

/**
 * Takes that back. Containers go on, and so does the engine.
 * @returns false where it was not enabled
 * @throws TscomposeError ENGINE_NEEDS_ROOT, ENGINE_SERVICE_FAILED
 */
export async function disableService(): Promise<boolean> {
  await check()
  if (!existsSync(FILE)) return false
  await systemctl('disable', UNIT)
  await rm(FILE, { force: true })
  await systemctl('daemon-reload')
  return true
}

async function check(): Promise<void> {
  // sd_booted(3)
  if (!existsSync('/run/systemd/system'))
    throw new TscomposeError('ENGINE_SERVICE_FAILED', 'systemd does not run on this machine', {
      fix: 'Have what starts services here run `tscompose engine start`, and `tscompose engine stop --containers` at the end.',
    })
  if (process.geteuid?.() !== 0)
    throw new TscomposeError('ENGINE_NEEDS_ROOT', 'only root can have systemd start the engine', {
      fix: 'Run the command with sudo.',
    })
}

async function systemctl(...args: readonly string[]): Promise<void> {
  const { execa } = await import('execa')
  const { failed, stderr, message } = await execa('systemctl', args, { reject: false })
  if (failed) throw new TscomposeError('ENGINE_SERVICE_FAILED', `systemctl ${args.join(' ')}: ${stderr || message}`)
}
