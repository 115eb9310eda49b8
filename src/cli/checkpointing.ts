import { runCheckpointing } from '../jobs/checkpointing.ts'
import type { Custody } from '../main.ts'

/** Signs what is new while a node serves; what is in the way is said on standard error. */
export async function signRegularly(
  { notary, configuration }: Custody,
  signal: AbortSignal,
): Promise<void> {
  await runCheckpointing({
    notary,
    everySeconds: configuration.checkpointSeconds,
    signal,
    onTrouble: (controller, error) =>
      void process.stderr.write(`nothing is signed for ${controller}: ${error.message}\n`),
  })
}
