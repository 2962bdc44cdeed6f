// Alerts of gateway and devices as people would say them. Pure.

import { spaced } from "./words.js";

/** What the drawing shows anyway. */
const SHOWN = ["SystemConnectedToGrid", "SystemIslandedActive", "GridServicesActive", "SystemTransitionToGrid", "SystemTransitionToIsland", "SystemGridConnected"];
const ATTENTION = {
  BatteryFault: "A battery reports a fault",
  BatteryDisabled: "A Powerwall is disabled",
  BatteryComms: "A Powerwall does not talk to the gateway",
  SolarMeterComms: "The solar meter does not answer",
  SiteMeterComms: "The grid meter does not answer",
  LoadMeterComms: "The home meter does not answer",
  SystemMicroGridFaulted: "The Powerwall could not carry the home: it is without power",
  SystemWaitForUser: "The Powerwall waits for somebody to switch it on",
  SystemShutdown: "The Powerwall has shut down",
  UnscheduledIslandContactorOpen: "The home was cut from the grid unexpectedly",
  ExcessiveVoltageDrop: "Too much voltage is lost on the way to a Powerwall",
  DisabledExcessiveVoltageDrop: "A Powerwall is disabled: too much voltage is lost on the way",
  WaitForUserNoInvertersReady: "No inverter is ready; the Powerwall waits for somebody",
  BatteryUnexpectedPower: "The batteries work otherwise than asked",
  PanelMaxCurrentLimited: "Charging is limited to protect the panel",
  InverterOverTemp: "An inverter is too warm",
  PINV_a006_vfCheckUnderFrequency: "The frequency of the grid is low",
  PINV_a006_frequency: "The frequency of the grid is out of range",
  PINV_a007_vfCheckOverFrequency: "The frequency of the grid is high",
  PINV_a004_vfCheckUnderVoltage: "The voltage of the grid is low",
  PINV_a004_voltage: "The voltage of the grid is out of range",
  PINV_a005_vfCheckOverVoltage: "The voltage of the grid is high",
  PINV_a010_can_gtwMIA: "A Powerwall does not hear the gateway",
  PINV_a039_can_thcMIA: "A Powerwall does not hear its heating and cooling",
  PVS_a059_MciOpen: "The emergency stop of the panels is open",
  PVS_a018_MciStringB: "String B is not connected",
  PVAC_a014_PVS_disabled_relay: "The solar inverter is switched off",
};
const ROUTINE = {
  FWUpdateSucceeded: "New firmware was installed",
  FirmwareUpdateStarted: "New firmware is being installed",
  GridCodesWrite: "Rules of the grid were stored",
  GridCodesWriteError: "Rules of the grid could not be stored",
  PodCommissionTime: "Time of commissioning is stored",
  PodCommissionTimeError: "Time of commissioning could not be stored",
  HighCPU: "The gateway is busy",
  ScheduledIslandContactorOpen: "The home left the grid as planned",
  BackfeedLimited: "Giving to the grid is limited",
  RealPowerAvailableLimited: "Power is limited at the moment",
  SelfConsumptionReservedLimit: "The reserve is reached",
  SYNC_a001_SW_App_Boot: "The grid switch has restarted",
  POD_w058_SW_App_Boot: "A battery has restarted",
  PVAC_a042_mppt_curve_scan_completed: "The solar inverter has measured its panels",
  PVS_a060_MciClose: "The emergency stop of the panels is closed",
  SystemIslandedReady: "Ready to leave the grid",
};
const DEVICES = {
  PINV: "Powerwall inverter",
  POD: "Battery",
  THC: "Heating and cooling",
  PVAC: "Solar inverter",
  PVS: "Solar strings",
  SYNC: "Grid switch",
  MSA: "Grid switch",
  TESLA: "Gateway",
};

/** PVAC_a019_ambient_overtemperature: whose it is, how grave (a, w, f) and what. */
function ofDevice(name) {
  const found = /^([A-Z]+)_([awf])\d+_(.+)$/.exec(name);
  if (!found) return null;
  const [, device, grade, rest] = found;
  const plain = spaced(rest.replace(/^(SW|HW)_/, ""));
  return { words: `${DEVICES[device] || device}: ${plain}`, isGrave: grade !== "a" };
}

const has = (table, name) => Object.prototype.hasOwnProperty.call(table, name);

/** One alert: {name, words, isGrave}; null for what the drawing shows. */
export function alertOf(name) {
  if (SHOWN.includes(name)) return null;
  if (has(ATTENTION, name)) return { name, words: ATTENTION[name], isGrave: true };
  if (has(ROUTINE, name)) return { name, words: ROUTINE[name], isGrave: false };
  // Of what nobody has heard yet, it is not for us to say that it does not matter.
  return { name, ...(ofDevice(name) || { words: spaced(name), isGrave: true }) };
}

/** All alerts in two lists, the grave and the routine. */
export function sorted(names) {
  const all = names.map(alertOf).filter(Boolean);
  return [all.filter((one) => one.isGrave), all.filter((one) => !one.isGrave)];
}
