import { type ErrorCode, TscomposeError } from '../../errors.ts'

/** What is gone already need not be removed: somebody else was faster. */
export async function ignoring(codes: readonly ErrorCode[], act: () => Promise<void>): Promise<void> {
  try {
    await act()
  } catch (error) {
    if (!(error instanceof TscomposeError && codes.includes(error.code))) throw error
  }
}
