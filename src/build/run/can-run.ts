import { readFileSync } from 'node:fs'
import { TscomposeError, type Where } from '../../errors.ts'
import type { Platform } from '../../image/image.ts'
import { hostPlatform, isPlatform, platformName } from '../../image/platform.ts'

/** What QEMU calls an architecture, and with it the entry in binfmt_misc. */
const emulated: Readonly<Record<string, string>> = {
  amd64: 'x86_64',
  arm64: 'aarch64',
  386: 'i386',
  loong64: 'loongarch64',
  mips64le: 'mips64el',
}

/**
 * Sees to it that the machine can run programs of a platform: its own, or one that an interpreter is registered for
 * (binfmt_misc, Linux admin guide).
 * @throws TscomposeError BUILD_PLATFORM_INVALID
 */
export function checkCanRun(platform: Platform, where: Where): void {
  const { architecture } = platform
  const isOwn =
    isPlatform(hostPlatform, { ...platform, os: hostPlatform.os }) || architecture === hostPlatform.architecture
  if (isOwn || (architecture === '386' && hostPlatform.architecture === 'amd64')) return
  if (isRegistered(`qemu-${emulated[architecture] ?? architecture}`)) return
  throw new TscomposeError('BUILD_PLATFORM_INVALID', `this machine cannot run programs for ${platformName(platform)}`, {
    where,
    fix: 'Register an emulator (the Debian packages qemu-user-static and binfmt-support), or build stages that only copy.',
  })
}

function isRegistered(name: string): boolean {
  try {
    return readFileSync(`/proc/sys/fs/binfmt_misc/${name}`, 'utf8').startsWith('enabled')
  } catch {
    return false
  }
}
