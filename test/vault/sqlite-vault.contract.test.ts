import { vaultContract } from '../contracts/vault.ts'
import { sqliteHarness } from './sqlite-harness.ts'

vaultContract('SqliteVault', async () => sqliteHarness())
