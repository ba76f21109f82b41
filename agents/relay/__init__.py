"""Takes the inventories that the PCs of a LAN send, and keeps them until the centre has them: PCs often cannot reach the WAN.

To the agents on the PCs (GLPI Agent, FusionInventory, OCS Inventory) this is their server. What they send is looked at no
further than it takes to answer them (`core.inventory_agents`), and goes to the centre as it came.
"""
