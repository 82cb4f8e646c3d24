# SPDX-License-Identifier: GPL-2.0-only
"""What vCPUs ask of each other."""

from typing import List

from drgn import Program
from drgn.helpers.linux.mm import virt_to_phys
from drgn.helpers.linux.percpu import per_cpu_ptr

# Lists that an inter-processor interrupt empties: function calls, irq_work.
QUEUES = ("call_single_queue", "raised_list")


def lazy_flag(prog: Program, cpu: int) -> int:
    """Physical address of the byte that says whether *cpu* is in lazy TLB mode."""
    flag = per_cpu_ptr(prog["cpu_tlbstate_shared"].address_of_(), cpu).is_lazy
    return int(virt_to_phys(prog, flag.address_of_().value_()).value_())


def run_queue(prog: Program, cpu: int) -> List[int]:
    """Physical addresses of two counts of *cpu*: switches so far (64 bits), tasks that can run (32)."""
    rq = per_cpu_ptr(prog["runqueues"].address_of_(), cpu)
    return [
        int(virt_to_phys(prog, count.address_of_().value_()).value_())
        for count in (rq.nr_switches, rq.nr_running)
    ]


def irq_queues(prog: Program, cpu: int) -> List[int]:
    """Physical addresses of the heads of *cpu*'s queues; zero there means empty."""
    return [
        int(virt_to_phys(prog, per_cpu_ptr(prog[name].address_of_(), cpu).value_()).value_())
        for name in QUEUES
    ]
