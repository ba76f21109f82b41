"""What routers and switches print when they are asked what they are: written for these tests, in the manner of each maker."""

CISCO = {
    "show version": """\
Cisco IOS Software, C2960X Software (C2960X-UNIVERSALK9-M), Version 15.2(7)E4, RELEASE SOFTWARE (fc2)
Technical Support: http://www.cisco.com/techsupport
Copyright (c) 1986-2021 by Cisco Systems, Inc.
Compiled Mon 08-Mar-21 12:20 by prod_rel_team

ROM: Bootstrap program is C2960X boot loader
BOOTLDR: C2960X Boot Loader (C2960X-HBOOT-M) Version 15.2(7r)E2, RELEASE SOFTWARE (fc2)

sw-xa uptime is 41 weeks, 2 days, 7 hours, 55 minutes
System returned to ROM by power-on
System image file is "flash:/c2960x-universalk9-mz.152-7.E4.bin"

cisco WS-C2960X-24TS-L (APM86XXX) processor (revision F0) with 524288K bytes of memory.
Processor board ID FOC9901XA01
Last reset from power-on
2 Virtual Ethernet interfaces
28 Gigabit Ethernet interfaces

Base ethernet MAC Address       : 02:00:5E:10:20:80
Model number                    : WS-C2960X-24TS-L
System serial number            : FOC9901XA01

Switch Ports Model                     SW Version            SW Image
------ ----- -----                     ----------            ----------
*    1 28    WS-C2960X-24TS-L          15.2(7)E4             C2960X-UNIVERSALK9-M

Configuration register is 0xF""",
    "show inventory": """\
NAME: "1", DESCR: "WS-C2960X-24TS-L"
PID: WS-C2960X-24TS-L  , VID: V06  , SN: FOC9901XA01

NAME: "GigabitEthernet1/0/25", DESCR: "1000BaseLX SFP"
PID: GLC-LH-SMD          , VID: V02  , SN: AVD9901XA77   """,
    "show lldp neighbors detail": """\
------------------------------------------------
Local Intf: Gi1/0/25
Chassis id: 0200.5e10.3000
Port id: Gi0/1
Port Description: GigabitEthernet0/1
System Name: rt-xa.hungyen.gov.vn

System Description:
Cisco IOS Software, ISR Software (X86_64_LINUX_IOSD-UNIVERSALK9-M), Version 16.9.5

Time remaining: 112 seconds
System Capabilities: B,R
Enabled Capabilities: R
Management Addresses:
    IP: 10.33.83.1
Auto Negotiation - supported, enabled
Physical media capabilities:
    1000baseT(FD)
Media Attachment Unit type: 30
Vlan ID: - not advertised


Total entries displayed: 1
""",
}
HUAWEI = {
    "display version": """\
Huawei Versatile Routing Platform Software
VRP (R) software, Version 5.170 (S5720 V200R019C10SPC500)
Copyright (C) 2000-2020 HUAWEI TECH Co., Ltd.
HUAWEI S5720-28P-LI-AC Routing Switch uptime is 12 weeks, 3 days, 4 hours, 11 minutes

ES5D2T28S004 0(Master)  : uptime is 12 weeks, 3 days, 4 hours, 10 minutes
DDR             Memory Size : 512   M bytes
FLASH           Memory Size : 240   M bytes""",
    "display device": """\
S5720-28P-LI-AC's Device status:
Slot Sub  Type                   Online    Power    Register     Status   Role
-------------------------------------------------------------------------------
0    -    S5720-28P-LI-AC        Present   PowerOn  Registered   Normal   Master
     PWR1 POWER                  Present   PowerOn  Registered   Normal   NA""",
    "display lldp neighbor": """\
GigabitEthernet0/0/1 has 1 neighbor(s):

Neighbor index                     :1
Chassis type                       :MAC Address
Chassis ID                         :0200-5e10-4000
Port ID type                       :Interface Name
Port ID                            :GigabitEthernet0/0/24
Port description                   :Uplink
System name                        :sw-phuong
System description                 :S5735-L24T4S-A
Huawei Versatile Routing Platform Software
System capabilities supported      :bridge router
System capabilities enabled        :bridge router
Management address type            :ipv4
Management address                 :10.33.84.2
OID                                :1.3.6.1.4.1.2011.6.3.0.0.0
Expired time                       :105s

GigabitEthernet0/0/2 has 0 neighbor(s)
""",
}
MIKROTIK = {
    "/system routerboard print": """\
       routerboard: yes
        board-name: hEX S
             model: RB760iGS
     serial-number: HEX0990XA12
     firmware-type: mt7621L
  factory-firmware: 6.47.9
  current-firmware: 7.15.3
  upgrade-firmware: 7.15.3""",
    # Since 7.10 with days as 2024-07-24, which the template does not know.
    "/system resource print": """\
                   uptime: 3w2d11h5m12s
                  version: 7.15.3 (stable)
               build-time: 2024-07-24 10:39:01
         factory-software: 6.47.9
              free-memory: 187.1MiB
             total-memory: 256.0MiB
                      cpu: MIPS 1004Kc V2.15
                cpu-count: 4
            cpu-frequency: 880MHz
                 cpu-load: 3%
           free-hdd-space: 3664.0KiB
          total-hdd-space: 16.0MiB
  write-sect-since-reboot: 4211
         write-sect-total: 88412
               bad-blocks: 0%
        architecture-name: mmips
               board-name: hEX S
                 platform: MikroTik""",
    "/ip neighbor print detail": (
        ' 0 interface=ether2 address=10.33.85.2 address4=10.33.85.2 mac-address=02:00:5E:10:50:00 identity="sw xã"'
        ' platform="MikroTik" version="7.15.3 (stable)" unpack=none age=12s uptime=2w software-id="" board="CSS326"'
        ' interface-name="bridge/ether1" system-description="" system-caps="bridge" system-caps-enabled="bridge"\n'
    ),
}
JUNIPER = {
    "show version": """\
Hostname: rt-xa
Model: ex2300-24t
Junos: 20.4R3-S4.8
JUNOS EX  Software Suite [20.4R3-S4.8]
JUNOS OS Kernel 32-bit  [20220401.9a1b2c3_builder_stable_11]""",
    "show chassis hardware": """\
Hardware inventory:
Item             Version  Part number  Serial number     Description
Chassis                                JW0322990011      EX2300-24T
Pseudo CB 0
Routing Engine 0          BUILTIN      BUILTIN           RE-EX2300-24T
FPC 0            REV 18   650-059984   JW0322990011      EX2300-24T
  CPU                     BUILTIN      BUILTIN           FPC CPU
  PIC 0          REV 18   BUILTIN      BUILTIN           24x10/100/1000 Base-T
  PIC 1          REV 18   650-059984   JW0322990011      4x10G SFP/SFP+
    Xcvr 0       REV 01   740-031850   MXA1990012        SFP-LX10
Power Supply 0
Fan Tray 0                                               Fan Module, Airflow Out (AFO)""",
    "show lldp neighbors": """\
Local Interface    Parent Interface    Chassis Id          Port info          System Name
ge-0/0/1           -                   02:00:5e:10:60:00   Gi1/0/24           sw-xa.hungyen.gov.vn""",
}
H3C = {
    "display device manuinfo": """\
Slot 1 CPU 0:
DEVICE_NAME          : S5130S-28P-EI
DEVICE_SERIAL_NUMBER : 219801A1XX9901000012
MAC_ADDRESS          : 0200-5E10-7000
MANUFACTURING_DATE   : 2021-03-11
VENDOR_NAME          : H3C
Fan 1:
The operation is not supported on the specified fan.
""",
    "display lldp neighbor-information verbose": """\
LLDP neighbor-information of port 24[GigabitEthernet1/0/24]:
LLDP agent nearest-bridge:
 LLDP neighbor index : 1
 Update time         : 11 days, 3 hours, 41 minutes, 9 seconds
 Chassis type        : MAC address
 Chassis ID          : 0200-5e10-8000
 Port ID type        : Interface name
 Port ID             : GigabitEthernet1/0/1
 Time to live        : 121
 Port description    : GigabitEthernet1/0/1 Interface
 System name         : sw-tang2
 System description  : H3C Comware Platform Software, Software Version 7.1.070
 System capabilities supported : Bridge, Router
 System capabilities enabled   : Bridge, Router
 Management address type           : IPv4
 Management address                : 10.33.86.2
 Management address interface type : IfIndex
 Management address interface ID   : 1
 Management address OID            : 0
 Port VLAN ID(PVID)  : 1
 Link aggregation supported : Yes
 Maximum frame size  : 9600
""",
}
