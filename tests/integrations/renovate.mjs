// Lets Renovate write an update into a file of the current folder, by the function that it uses in a branch.
const [dist, upgrade] = process.argv.slice(2);
const fs = await import("node:fs");
const { GlobalConfig } = await import(`${dist}/config/global.js`);
const { init } = await import(`${dist}/logger/index.js`);
const { doAutoReplace } = await import(`${dist}/workers/repository/update/branch/auto-replace.js`);
await init();
GlobalConfig.set({ localDir: process.cwd() });
const wanted = JSON.parse(upgrade);
await doAutoReplace(wanted, fs.readFileSync(wanted.packageFile, "utf8"), false, true);
