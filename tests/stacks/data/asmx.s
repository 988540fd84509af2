# hand-written assembly with .seh_ directives
	.text
	.globl asm_all
	.def leaf2; .scl 3; .type 32; .endef
leaf2:                       # leaf without unwind data
	leal 1(%rcx,%rcx,2), %eax
	retq
leaf3:                       # leaf with a loop and a jump
	xorl %eax, %eax
1:	addl %ecx, %eax
	decl %ecx
	jnz 1b
	jmp leaf2
pushes:                      # no unwind data, pushes
	pushq %rbx
	pushq %rsi
	movl %ecx, %ebx
	leal 2(%rbx), %eax
	movl %eax, %esi
	popq %rsi
	popq %rbx
	retq

	.seh_proc fp_big
fp_big:                      # frame register in the middle, xmm saves, fp offset
	pushq %rbp
	.seh_pushreg %rbp
	pushq %rbx
	.seh_pushreg %rbx
	subq $0x178, %rsp
	.seh_stackalloc 0x178
	leaq 0x80(%rsp), %rbp
	.seh_setframe %rbp, 0x80
	movaps %xmm6, 0x20(%rsp)
	.seh_savexmm %xmm6, 0x20
	movq %rsi, 0x168(%rsp)
	.seh_savereg %rsi, 0x168
	.seh_endprologue
	movl %ecx, %ebx
	subq $0x40, %rsp
	callq leaf2
	movl %eax, %ecx
	callq pushes
	movl %eax, %esi
	addl %ebx, %eax
	movaps -0x60(%rbp), %xmm6
	movq 0xe8(%rbp), %rsi
	leaq 0xf8(%rbp), %rsp
	popq %rbx
	popq %rbp
	retq
	.seh_endproc

	.seh_proc fp_first
fp_first:                    # mov rbp, rsp first, then pushes
	pushq %rbp
	.seh_pushreg %rbp
	movq %rsp, %rbp
	.seh_setframe %rbp, 0
	pushq %rdi
	.seh_pushreg %rdi
	subq $0x28, %rsp
	.seh_stackalloc 0x28
	.seh_endprologue
	movl %ecx, %edi
	callq fp_big
	addl %edi, %eax
	movq -8(%rbp), %rdi
	movq %rbp, %rsp
	popq %rbp
	retq
	.seh_endproc

	.seh_proc fp_r13
fp_r13:
	pushq %r13
	.seh_pushreg %r13
	subq $0x50, %rsp
	.seh_stackalloc 0x50
	leaq 0x30(%rsp), %r13
	.seh_setframe %r13, 0x30
	.seh_endprologue
	callq fp_first
	leaq 0x20(%r13), %rsp
	popq %r13
	retq
	.seh_endproc

	.seh_proc fp_r12
fp_r12:
	pushq %r12
	.seh_pushreg %r12
	subq $0x50, %rsp
	.seh_stackalloc 0x50
	leaq 0x40(%rsp), %r12
	.seh_setframe %r12, 0x40
	.seh_endprologue
	callq fp_r13
	leaq 0x10(%r12), %rsp
	popq %r12
	.byte 0xf2, 0xc3
	.seh_endproc

	.seh_proc huge
huge:                        # allocation of more than 512 KiB, saves far away
	movl $0x90008, %eax
	callq chk
	subq %rax, %rsp
	.seh_stackalloc 0x90008
	movq %rbx, 0x88000(%rsp)
	.seh_savereg %rbx, 0x88000
	movaps %xmm7, 0x87000(%rsp)
	.seh_savexmm %xmm7, 0x87000
	.seh_endprologue
	movl %ecx, %ebx
	callq fp_r12
	movaps 0x87000(%rsp), %xmm7
	movq 0x88000(%rsp), %rbx
	addq $0x90008, %rsp
	retq
	.seh_endproc
chk:
	pushq %rcx
	pushq %rax
	leaq 24(%rsp), %rcx
	cmpq $0x1000, %rax
	jb 2f
1:	subq $0x1000, %rcx
	orq $0, (%rcx)
	subq $0x1000, %rax
	cmpq $0x1000, %rax
	ja 1b
2:	subq %rax, %rcx
	orq $0, (%rcx)
	popq %rax
	popq %rcx
	retq

	.seh_proc epis
epis:                        # several epilogues: tail jumps of every kind
	pushq %rbx
	.seh_pushreg %rbx
	subq $0x20, %rsp
	.seh_stackalloc 0x20
	.seh_endprologue
	movl %ecx, %ebx
	cmpl $1, %ecx
	je 1f
	cmpl $2, %ecx
	je 2f
	cmpl $3, %ecx
	je 3f
	cmpl $4, %ecx
	je 4f
	movl %ebx, %ecx
	addq $0x20, %rsp
	popq %rbx
	jmp leaf2                # near jump out, no unwind data there
1:	leaq leaf3(%rip), %rax
	addq $0x20, %rsp
	popq %rbx
	.byte 0x48, 0xff, 0xe0
2:	leaq ptr3(%rip), %rax
	addq $0x20, %rsp
	popq %rbx
	jmpq *(%rax)
3:	leaq leaf3(%rip), %rax
	addq $0x20, %rsp
	popq %rbx
	jmpq *%rax               # no REX.W: not an epilogue by the rules
4:	addq $0x20, %rsp
	popq %rbx
	jmpq *ptr3(%rip)
	.seh_endproc

	.seh_proc epiadd
epiadd:                      # add that is no epilogue: stack released and used again
	subq $0x38, %rsp
	.seh_stackalloc 0x38
	.seh_endprologue
	movl %ecx, 0x20(%rsp)
	movl $3, %ecx
	callq leaf2
	xorl %ecx, %ecx
	testl %ecx, %ecx
	jmp 1f
	int3
1:	movl 0x20(%rsp), %ecx
	callq epis
	addq $0x38, %rsp
	.byte 0xf3, 0xc3
	.seh_endproc

	.seh_proc vol
vol:                         # only volatile pushes: push rcx as allocation
	pushq %rcx
	.seh_stackalloc 8
	pushq %rax
	.seh_stackalloc 8
	pushq %rdx
	.seh_stackalloc 8
	.seh_endprologue
	callq leaf3
	popq %rdx
	popq %rcx
	popq %rcx
	retq
	.seh_endproc

	.seh_proc savemov
savemov:                     # moves before the push (home space), as MSVC does
	movq %rbx, 8(%rsp)
	movq %rsi, 16(%rsp)
	pushq %rdi
	.seh_pushreg %rdi
	subq $0x20, %rsp
	.seh_stackalloc 0x20
	.seh_savereg %rbx, 0x30
	.seh_savereg %rsi, 0x38
	.seh_endprologue
	movl %ecx, %edi
	movl $5, %ecx
	callq vol
	movq 0x30(%rsp), %rbx
	movq 0x38(%rsp), %rsi
	addq $0x20, %rsp
	popq %rdi
	retq
	.seh_endproc

	.seh_proc chained
chained:                     # chained unwind info
	pushq %rbx
	.seh_pushreg %rbx
	subq $0x20, %rsp
	.seh_stackalloc 0x20
	.seh_endprologue
	movl %ecx, %ebx
	callq leaf2
	testl %eax, %eax
	jmp chained_in
	nop
chained_mid:
	jmp 3f
	nop
chained_in:
	.seh_startchained
	movq %rsi, 0x10(%rsp)
	.seh_savereg %rsi, 0x10
	.seh_endprologue
	movl %ebx, %esi
	movl %esi, %ecx
	callq savemov
	movq 0x10(%rsp), %rsi
	jmp chained_mid
	nop
3:	addq $0x20, %rsp
	popq %rbx
	retq
	.seh_endchained
	.seh_endproc

	.seh_proc flags
flags:                       # pushfq / popfq, push / pop around a call-free body, sub rsp in the body
	subq $0x28, %rsp
	.seh_stackalloc 0x28
	.seh_endprologue
	pushfq
	popq %rax
	pushq %rcx
	nop
	popq %rcx
	subq $0x20, %rsp
	movl %ecx, (%rsp)
	addq $0x20, %rsp
	callq chained
	pushq %rax
	pushq %rax
	popq %rcx
	popq %rax
	addq $0x28, %rsp
	retq
	.seh_endproc

	.seh_proc mach
mach:                        # a machine frame: enters by a jump with RIP CS EFLAGS RSP SS pushed
	.seh_pushframe
	subq $0x28, %rsp
	.seh_stackalloc 0x28
	.seh_endprologue
	movl $4, %ecx
	callq leaf2
	nop
	addq $0x28, %rsp
	iretq
	.seh_endproc

	.seh_proc machc
machc:                       # with an error code
	.seh_pushframe @code
	pushq %rbx
	.seh_pushreg %rbx
	subq $0x20, %rsp
	.seh_stackalloc 0x20
	.seh_endprologue
	movl $4, %ecx
	callq leaf3
	nop
	addq $0x20, %rsp
	popq %rbx
	addq $8, %rsp
	iretq
	.seh_endproc

	.seh_proc tomach
tomach:
	pushq %rbx
	.seh_pushreg %rbx
	.seh_endprologue
	movq %rsp, %rdx
	xorl %eax, %eax
	movl %ss, %eax
	pushq %rax
	pushq %rdx
	pushfq
	movl %cs, %eax
	pushq %rax
	leaq back1(%rip), %rax
	pushq %rax
	jmp mach
back1:	nop
	movq %rsp, %rdx
	movl %ss, %eax
	pushq %rax
	pushq %rdx
	pushfq
	movl %cs, %eax
	pushq %rax
	leaq back2(%rip), %rax
	pushq %rax
	pushq $0
	jmp machc
back2:	nop
	popq %rbx
	retq
	.seh_endproc

	.seh_proc self
self:                        # jump back to its own start as a tail call, and within
	subq $0x28, %rsp
	.seh_stackalloc 0x28
	.seh_endprologue
	decl %ecx
	jle 1f
	addq $0x28, %rsp
	jmp self
1:	movl $2, %ecx
	callq leaf2
	jmp 2f
	nop
2:	addq $0x28, %rsp
	retq $0
	.seh_endproc

	.seh_proc big_lea
big_lea:                     # lea rsp, [rsp+n], add rsp with 32 bits, leave
	pushq %rbp
	.seh_pushreg %rbp
	subq $0x200, %rsp
	.seh_stackalloc 0x200
	leaq (%rsp), %rbp
	.seh_setframe %rbp, 0
	.seh_endprologue
	movl $2, %ecx
	callq self
	cmpl $1000, %eax
	je 1f
	leaq 0x200(%rbp), %rsp
	popq %rbp
	retq
1:	movq %rbp, %rsp
	addq $0x200, %rsp
	popq %rbp
	retq
	.seh_endproc

	.seh_proc leaver
leaver:
	pushq %rbp
	.seh_pushreg %rbp
	movq %rsp, %rbp
	.seh_setframe %rbp, 0
	subq $0x30, %rsp
	.seh_stackalloc 0x30
	.seh_endprologue
	callq big_lea
	leave
	retq
	.seh_endproc

	.seh_proc lastcall
lastcall:                    # the last instruction is a call
	subq $0x28, %rsp
	.seh_stackalloc 0x28
	.seh_endprologue
	callq noret
	.seh_endproc
noret2:
	nop
	.seh_proc noret
noret:
	subq $0x28, %rsp
	.seh_stackalloc 0x28
	.seh_endprologue
	movl $3, %ecx
	callq leaf2
	addq $0x30, %rsp         # drops the frame of lastcall
	addq $0x28, %rsp
	retq
	.seh_endproc

	.seh_proc plain0
plain0:                      # unwind data without codes
	.seh_endprologue
	movl %ecx, %eax
	addl $1, %eax
	cmpl $5, %eax
	je 1f
	retq
1:	jmp leaf2
	.seh_endproc

	.seh_proc asm_all
asm_all:
	pushq %rbx
	.seh_pushreg %rbx
	pushq %rsi
	.seh_pushreg %rsi
	pushq %rdi
	.seh_pushreg %rdi
	pushq %rbp
	.seh_pushreg %rbp
	pushq %r12
	.seh_pushreg %r12
	pushq %r13
	.seh_pushreg %r13
	pushq %r14
	.seh_pushreg %r14
	pushq %r15
	.seh_pushreg %r15
	subq $0x28, %rsp
	.seh_stackalloc 0x28
	.seh_endprologue
	movl $7, %ecx
	callq huge
	movl $0, %ecx
	callq epis
	movl $1, %ecx
	callq epis
	movl $2, %ecx
	callq epis
	movl $3, %ecx
	callq epis
	movl $4, %ecx
	callq epis
	movl $6, %ecx
	callq epiadd
	callq flags
	callq tomach
	movl $3, %ecx
	callq self
	callq leaver
	callq lastcall
	movl $2, %ecx
	callq plain0
	movl $4, %ecx
	callq plain0
	leaq leaf2(%rip), %rax
	callq *%rax
	leaq ptr3(%rip), %rax
	movl $2, %ecx
	callq *(%rax)
	movl $2, %ecx
	callq *ptr3(%rip)
	addq $0x28, %rsp
	popq %r15
	popq %r14
	popq %r13
	popq %r12
	popq %rbp
	popq %rdi
	popq %rsi
	popq %rbx
	retq
	.seh_endproc
	.data
ptr3:	.quad leaf3
