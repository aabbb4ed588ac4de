/**
 * What others say (a registry, an archive, the labels of an image) is in messages and tables, and must not move the cursor
 * of the terminal that they are shown on, let alone write to its clipboard: but for lines and tabs, control characters are
 * shown as `\x1b`.
 */
export const printable = (text: string): string =>
  text.replaceAll(/[^\P{Cc}\n\t]/gu, control => `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`)
