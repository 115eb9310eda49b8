/**
 * Resolves when it holds, which is looked at each 10 ms.
 * @throws Error when it does not come to that within so many milliseconds
 */
export async function until(
  holds: () => boolean | Promise<boolean>,
  withinMs = 15_000,
): Promise<void> {
  const began = performance.now()
  while (!(await holds())) {
    if (performance.now() - began > withinMs) throw new Error('it did not come to that in time')
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}
