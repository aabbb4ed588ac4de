import { readPlatform } from '../../build/dockerfile/platform.ts'
import type { Platform } from '../../image/image.ts'
import { invalid } from '../failures.ts'

/** `linux/arm64/v8`, `arm64`. */
export function parsePlatform(text: string): Platform {
  const platform = readPlatform(text)
  if (!platform) throw invalid(`invalid platform: ${text}`)
  const { os, architecture, variant } = platform
  return { os, architecture, ...(variant && { variant }) }
}
